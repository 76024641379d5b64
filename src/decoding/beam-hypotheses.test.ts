import { expect, test } from 'vitest';
import { BeamHypotheses, type BeamHypothesis, lengthPenalized } from './beam-hypotheses.ts';

const hypothesis = (score: number, ...tokenIds: readonly number[]): BeamHypothesis => ({
  ...{ tokenIds, score, logProbs: [], finishReason: 'stop' },
});

test('keeps the best, of equals the first', () => {
  const hypotheses = new BeamHypotheses(2);
  expect([hypotheses.isFull, hypotheses.lowestScore]).toEqual([false, Number.NEGATIVE_INFINITY]);
  hypotheses.add(hypothesis(-2, 1));
  hypotheses.add(hypothesis(-1, 2));
  hypotheses.add(hypothesis(-2, 3));
  expect([hypotheses.isFull, hypotheses.lowestScore]).toEqual([true, -2]);
  expect(hypotheses.ranked.map(({ tokenIds }) => tokenIds)).toEqual([[2], [1]]);
  hypotheses.add(hypothesis(-1.5, 4));
  expect(hypotheses.ranked.map(({ tokenIds }) => tokenIds)).toEqual([[2], [4]]);
});

test.each([
  [0, -6],
  [1, -1.5],
  [2, -0.375],
  [-1, -24],
])('penalty %s makes −6 for 4 tokens %s', (penalty, score) => {
  expect(lengthPenalized(-6, 4, penalty)).toBe(score);
});

test('no tokens have no length to divide by', () => {
  expect(lengthPenalized(0, 0, 1)).toBe(0);
});
