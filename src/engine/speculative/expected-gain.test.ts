import { expect, test } from 'vitest';
import { expectedGain, expectedTokens } from './expected-gain.ts';

test.each([
  [0.6, 2, 1.96],
  [0.7, 3, 2.53],
  [0.8, 2, 2.44],
  [0.8, 5, 3.69],
  [0.9, 2, 2.71],
  [0.9, 10, 6.86],
])('Table 1 of Leviathan et al. 2023: α = %d, γ = %i', (rate, numDrafted, gain) => {
  expect(expectedTokens(rate, numDrafted)).toBeCloseTo(gain, 2);
  expect(expectedGain(rate, numDrafted, 0)).toBeCloseTo(gain, 2);
});

test('A draft that is always right gives γ + 1 tokens, one that never is gives 1', () => {
  expect(expectedTokens(1, 7)).toBe(8);
  expect(expectedTokens(0, 7)).toBe(1);
  expect(expectedTokens(0.5, 0)).toBe(1);
});

test('Drafting takes its time', () => {
  expect(expectedGain(1, 4, 0.25)).toBe(5 / 2);
  expect(expectedGain(0, 4, 0.25)).toBe(1 / 2);
  // Corollary 3.9: where α > c, one drafted token gains (1 + α) / (1 + c).
  expect(expectedGain(0.5, 1, 0.2)).toBe(1.5 / 1.2);
});
