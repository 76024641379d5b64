import { expect, test } from 'vitest';
import { expOfNegative } from './exp.ts';

test('expOfNegative agrees with Math.exp', () => {
  for (let i = 0; i < 20000; i++) {
    const x = -(700 * i ** 3) / 20000 ** 3;
    expect(Math.abs(expOfNegative(x) / Math.exp(x) - 1)).toBeLessThan(1e-13);
  }
});

test('expOfNegative is exactly 1 at 0 and 0 far below', () => {
  expect([0, -0, -701, Number.NEGATIVE_INFINITY].map(expOfNegative)).toEqual([1, 1, 0, 0]);
});

test('expOfNegative never falls', () => {
  for (let i = 1; i < 20000; i++) {
    expect(expOfNegative(-i * 1e-4)).toBeLessThanOrEqual(expOfNegative(-(i - 1) * 1e-4));
  }
});
