import { expect, test } from 'vitest';
import { checkLogits } from './check-logits.ts';

test('checkLogits lets −∞ pass beside finite logits', () => {
  expect(() => checkLogits(Float32Array.of(Number.NEGATIVE_INFINITY, -1e30), 4)).not.toThrow();
});

test.each([
  [[1, Number.NaN], 'the logit of token 1 is NaN, but it must be finite'],
  [[Number.POSITIVE_INFINITY, 1], 'the logit of token 0 is Infinity, but it must be finite'],
  [[Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY], 'all 2 logits are -Infinity, but one must be finite'],
])('checkLogits names the position of %s', (logits, problem) => {
  expect(() => checkLogits(Float32Array.from(logits), 17)).toThrow(
    new RangeError(`Cannot choose the token at position 17: ${problem}`),
  );
});

test('checkLogits finds NaN at any place of rows of any length', () => {
  for (let length = 1; length <= 5; length++) {
    for (let place = 0; place < length; place++) {
      const logits = new Float32Array(length);
      logits[place] = Number.NaN;
      expect(() => checkLogits(logits, 0)).toThrow(RangeError);
    }
  }
});

test('checkLogits makes a row valid for a chain that removes invalid values', () => {
  const chain = { removesInvalidValues: true };
  const row = Float32Array.of(1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
  expect(() => checkLogits(row, 0, { removesInvalidValues: false })).toThrow(RangeError);
  checkLogits(row, 0, chain);
  expect([...row]).toEqual([1, 0, (2 - 2 ** -23) * 2 ** 127, Number.NEGATIVE_INFINITY]);
  expect(() => checkLogits(Float32Array.of(Number.NEGATIVE_INFINITY), 0, chain)).toThrow(RangeError);
});
