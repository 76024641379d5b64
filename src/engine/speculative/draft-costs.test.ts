import { expect, test } from 'vitest';
import { DraftCosts } from './draft-costs.ts';

test('Nothing is known before the first measurement, and no draft takes no time', () => {
  expect(new DraftCosts().estimate(1, 4)).toBe(0);
  const costs = new DraftCosts();
  costs.record({ numSequences: 1, numTokens: 4, ms: 8 });
  expect(costs.estimate(1, 0)).toBe(0);
});

test('One length tells nothing of what a call costs: shorter drafts are hoped to take their share, longer ones no more', () => {
  const costs = new DraftCosts();
  costs.record({ numSequences: 1, numTokens: 4, ms: 8 });
  expect([1, 2, 4, 8].map((numTokens) => costs.estimate(1, numTokens))).toEqual([2, 4, 8, 8]);
});

test('Two lengths tell what a call costs and what a token', () => {
  const costs = new DraftCosts();
  for (const numTokens of [2, 8]) costs.record({ numSequences: 1, numTokens, ms: 3 + 0.5 * numTokens });
  for (const numTokens of [1, 4, 12]) expect(costs.estimate(1, numTokens)).toBeCloseTo(3 + 0.5 * numTokens, 10);
});

test('Numbers of sequences are apart; one that was not measured is like the nearest', () => {
  const costs = new DraftCosts();
  costs.record({ numSequences: 1, numTokens: 4, ms: 8 });
  costs.record({ numSequences: 16, numTokens: 4, ms: 40 });
  expect([1, 3, 12, 32].map((numSequences) => costs.estimate(numSequences, 4))).toEqual([8, 8, 40, 40]);
});
