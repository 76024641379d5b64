import { expect } from 'vitest';
import type { BatchLoader } from '../src/data/batch-loader.ts';
import type { TrainingBatch } from '../src/data/training-batch.ts';

/** Reads some batches one after the other. */
export async function batchesOf(
  loader: BatchLoader,
  count = loader.batchesPerEpoch!,
  first = 0,
): Promise<TrainingBatch[]> {
  const batches: TrainingBatch[] = [];
  for (let n = first; n < first + count; n++) batches.push(await loader.batch(n));
  return batches;
}

/** Fails unless spans lie side by side over all tokens, with positions from 0. */
export function expectSpans({
  tokenIds,
  positions,
  spans,
}: Pick<TrainingBatch, 'tokenIds' | 'positions' | 'spans'>): void {
  let end = 0;
  for (const { start, length } of spans) {
    expect(start).toBe(end);
    expect(length).toBeGreaterThan(0);
    expect([...positions.subarray(start, start + length)]).toEqual(Array.from({ length }, (_, i) => i));
    end += length;
  }
  expect(end).toBe(tokenIds.length);
  expect(positions).toHaveLength(tokenIds.length);
}

/** Of counting documents, fails unless each span is a run of tokens and targets are the tokens after them. */
export function expectNextTokens(batch: TrainingBatch): void {
  expectSpans(batch);
  const { tokenIds, targetIds, positions, lossWeights, spans } = batch;
  const wanted = spans.flatMap(({ start, length }) => Array.from({ length }, (_, i) => tokenIds[start]! + i));
  expect([...tokenIds]).toEqual(wanted);
  const isRight = (target: number, t: number) => target === tokenIds[t]! + 1 || (target === 0 && lossWeights[t] === 0);
  expect([...targetIds].every(isRight)).toBe(true);
  expect([targetIds.length, positions.length, lossWeights.length]).toEqual(Array(3).fill(tokenIds.length));
}

/** All tokens, in the order of the batches. */
export const tokensIn = (batches: readonly TrainingBatch[]) => batches.flatMap(({ tokenIds }) => [...tokenIds]);
/** All targets that a loss is taken on. */
export const targetsIn = (batches: readonly TrainingBatch[]) =>
  batches.flatMap(({ targetIds, lossWeights }) => [...targetIds].filter((_, t) => lossWeights[t] === 1));
export const sorted = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);
/** Whole numbers from `first` to below `end`. */
export const range = (end: number, first = 0) => Array.from({ length: end - first }, (_, i) => first + i);
