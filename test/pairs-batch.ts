import type { TokenSpan, TrainingBatch } from '../src/data/training-batch.ts';

/** A source and a target; the target's first token is its start. */
export interface TokenPair {
  readonly sourceIds: readonly number[];
  readonly targetIds: readonly number[];
}

/** Pairs as one ragged batch: every token of a target but the last predicts the next. */
export function pairsBatch(pairs: readonly TokenPair[]): TrainingBatch {
  const source = layOut(pairs.map(({ sourceIds }) => sourceIds));
  const target = layOut(pairs.map(({ targetIds }) => targetIds.slice(0, -1)));
  const targetIds = Int32Array.from(pairs.flatMap(({ targetIds }) => targetIds.slice(1)));
  return { ...target, targetIds, lossWeights: new Float32Array(targetIds.length).fill(1), source };
}

function layOut(sequences: readonly (readonly number[])[]) {
  const spans: TokenSpan[] = [];
  let start = 0;
  for (const { length } of sequences) {
    spans.push({ start, length });
    start += length;
  }
  return {
    tokenIds: Int32Array.from(sequences.flat()),
    positions: Int32Array.from(sequences.flatMap(({ length }) => Array.from({ length }, (_, i) => i))),
    spans,
  };
}
