import fc from 'fast-check';
import { expect, test } from 'vitest';
import { guide } from './guidance.ts';

const REMOVED = Number.NEGATIVE_INFINITY;

function guided(row: readonly number[], unconditional: readonly number[], scale: number): number[] {
  const logits = Float32Array.from(row);
  guide(logits, Float32Array.from(unconditional), scale);
  return [...logits];
}

test('guide goes beyond the conditional log probabilities, away from the unconditional ones', () => {
  const [first, second] = guided([Math.log(0.5), Math.log(0.5)], [Math.log(0.8), Math.log(0.2)], 3);
  expect(first).toBeCloseTo(3 * Math.log(0.5) - 2 * Math.log(0.8), 6);
  expect(second).toBeCloseTo(3 * Math.log(0.5) - 2 * Math.log(0.2), 6);
});

test('guide gives the conditional log probabilities at scale 1 and the unconditional ones at 0', () => {
  const row = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 3, maxLength: 3 });
  fc.assert(
    fc.property(row, row, (a, b) => {
      for (const [scale, logits] of [
        [1, a],
        [0, b],
      ] as const) {
        const logSumExp = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
        guided(a, b, scale).forEach((logit, id) => {
          expect(logit).toBeCloseTo(logits[id]! - logSumExp, 4);
        });
      }
    }),
  );
});

test('guide removes what either row lacks', () => {
  const [first, second, third, fourth] = guided([REMOVED, 1, 1, REMOVED], [1, REMOVED, 1, REMOVED], 2);
  expect([first, second, fourth]).toEqual([REMOVED, REMOVED, REMOVED]);
  expect(third).toBeCloseTo(-Math.LN2, 6);
  expect(guided([REMOVED, REMOVED], [1, 2], 2)).toEqual([REMOVED, REMOVED]);
});

test('guide leaves the unconditional row as it is', () => {
  const unconditional = Float32Array.of(1, 2);
  guide(Float32Array.of(3, 4), unconditional, 2);
  expect([...unconditional]).toEqual([1, 2]);
});

test('guide rejects rows of two lengths and a scale that is not finite', () => {
  expect(() => guided([1, 2, 3], [1, 2], 2)).toThrow(
    new RangeError('Cannot guide: the unconditional row has 2 logits, but 3 are needed'),
  );
  expect(() => guided([1], [1], Number.NaN)).toThrow(
    new RangeError('Cannot guide: the scale is NaN, but it must be finite'),
  );
});
