import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyProcessor, keptIds } from '../../test/apply-processor.ts';
import { topNSigma } from './top-n-sigma.ts';

const REMOVED = Number.NEGATIVE_INFINITY;

/** Ids at most n standard deviations below the highest, by the textbook's two passes. */
function slowlyKept(logits: readonly number[], n: number): number[] {
  const left = logits.filter((logit) => logit !== REMOVED);
  const mean = left.reduce((sum, logit) => sum + logit, 0) / left.length;
  const variance = left.reduce((sum, logit) => sum + (logit - mean) ** 2, 0) / left.length;
  const lowest = Math.max(...left) - n * Math.sqrt(variance);
  return [...logits.keys()].filter((id) => logits[id] !== REMOVED && logits[id]! >= lowest);
}

test('Tokens more than n standard deviations below the highest are removed', () => {
  // Mean 2, σ = √2.
  expect(applyProcessor(topNSigma(1), [0, 1, 2, 3, 4])).toEqual([REMOVED, REMOVED, REMOVED, 3, 4]);
  expect(applyProcessor(topNSigma(2), [0, 1, 2, 3, 4])).toEqual([REMOVED, REMOVED, 2, 3, 4]);
});

test('Removed tokens count for nothing', () => {
  expect(keptIds(applyProcessor(topNSigma(1), [REMOVED, 0, 1, REMOVED, 2, 3, 4]))).toEqual([5, 6]);
  expect(applyProcessor(topNSigma(1), [REMOVED, REMOVED])).toEqual([REMOVED, REMOVED]);
  expect(applyProcessor(topNSigma(1), [REMOVED, 7])).toEqual([REMOVED, 7]);
});

test('Equal logits far from 0 all stay', () => {
  expect(keptIds(applyProcessor(topNSigma(0.5), [-90, -90, -90]))).toEqual([0, 1, 2]);
});

test('It keeps what the definition says, and the same at any temperature', () => {
  // Quarters are exact in float32, and no threshold falls on one.
  const logit = fc.oneof({ weight: 5, arbitrary: fc.integer({ min: -80, max: 80 }) }, fc.constant(REMOVED));
  const row = fc.array(
    logit.map((it) => it / 4),
    { minLength: 1, maxLength: 40 },
  );
  const property = fc.property(row, fc.constantFrom(0.317, 1.013, 2.219), (logits, n) => {
    const kept = keptIds(applyProcessor(topNSigma(n), logits));
    expect(kept).toEqual(slowlyKept(logits, n));
    const colder = logits.map((it) => it * 2);
    expect(keptIds(applyProcessor(topNSigma(n), colder))).toEqual(kept);
  });
  fc.assert(property);
});

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('n = %d is rejected', (n) => {
  expect(() => topNSigma(n)).toThrow(
    new RangeError(`Cannot remove unlikely tokens: n is ${n}, but it must be finite and above 0`),
  );
});
