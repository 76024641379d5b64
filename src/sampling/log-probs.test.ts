import { expect, test } from 'vitest';
import { LogProbs } from './log-probs.ts';

test('LogProbs are the logarithms of the softmax', () => {
  const logProbs = new LogProbs(Float32Array.from([0.5, 0.25, 0.25], (p) => Math.log(p) - 80));
  expect(logProbs.of(0)).toBeCloseTo(Math.log(0.5), 5);
  expect(logProbs.of(2)).toBeCloseTo(Math.log(0.25), 5);
});

test('LogProbs sum to one over a large vocabulary, far from 0', () => {
  const logits = Float32Array.from({ length: 50257 }, (_, id) => Math.sin(id * 78.233) * 9 + 3e4);
  const logProbs = new LogProbs(logits);
  let sum = 0;
  for (let id = 0; id < logits.length; id++) sum += Math.exp(logProbs.of(id));
  expect(Math.abs(sum - 1)).toBeLessThan(1e-10);
});

test('LogProbs keep the raw row when it is changed afterwards', () => {
  const logits = Float32Array.of(1, 1);
  const logProbs = new LogProbs(logits);
  logits[0] = Number.NEGATIVE_INFINITY;
  expect(logProbs.of(0)).toBeCloseTo(-Math.LN2, 12);
});

test('The likeliest tokens come in order, lower id first among equals', () => {
  const logProbs = new LogProbs(Float32Array.of(1, 3, 2, 3, 2, 2));
  expect(logProbs.top(4).map(({ tokenId }) => tokenId)).toEqual([1, 3, 2, 4]);
  expect(logProbs.top(4)[2]!.logProb).toBe(logProbs.of(2));
  expect(logProbs.top(0)).toEqual([]);
  expect(logProbs.top(99).map(({ tokenId }) => tokenId)).toEqual([1, 3, 2, 4, 5, 0]);
});
