import type { TrainingBatch } from '../src/data/training-batch.ts';

/** Every token of each sequence but the last predicts the next. */
export function batchOfSequences(sequences: readonly (readonly number[])[]): TrainingBatch {
  const lengths = sequences.map((ids) => ids.length - 1);
  const starts = lengths.map((_, i) => lengths.slice(0, i).reduce((sum, n) => sum + n, 0));
  return {
    tokenIds: Int32Array.from(sequences.flatMap((ids) => ids.slice(0, -1))),
    targetIds: Int32Array.from(sequences.flatMap((ids) => ids.slice(1))),
    positions: Int32Array.from(lengths.flatMap((length) => Array.from({ length }, (_, i) => i))),
    lossWeights: new Float32Array(lengths.reduce((sum, length) => sum + length, 0)).fill(1),
    spans: lengths.map((length, i) => ({ start: starts[i]!, length })),
  };
}
