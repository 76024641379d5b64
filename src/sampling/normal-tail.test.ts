import { expect, test } from 'vitest';
import { normalTail } from './normal-tail.ts';

test.each([
  [0, 0.5],
  [1e-8, 0.4999999960105772],
  [0.5, 0.3085375387259869],
  [1, 0.15865525393145705],
  [1.9999, 0.022755531584767185],
  [2, 0.02275013194817921],
  [2.0001, 0.022744733391410546],
  [3, 0.0013498980316300946],
  [4, 3.1671241833119924e-5],
  [7.5, 3.1908916729108963e-14],
  [20, 2.7536241186062337e-89],
  [37, 5.725571222524577e-300],
  [-0.7, 0.758036347776927],
  [-3, 0.9986501019683699],
])('normalTail(%s) is %s', (z, expected) => {
  expect(Math.abs(normalTail(z) / expected - 1)).toBeLessThan(1e-13);
});

test('normalTail is 1 and 0 far out', () => {
  expect([Number.NEGATIVE_INFINITY, -40, 40, Number.POSITIVE_INFINITY].map(normalTail)).toEqual([1, 1, 0, 0]);
});

test('normalTail falls from end to end', () => {
  for (let z = -5; z < 20; z += 0.01) expect(normalTail(z + 0.01)).toBeLessThan(normalTail(z));
});
