import { expect, test } from 'vitest';
import { formatShape, isSameShape, numElements } from './shape.ts';

test('numElements multiplies the sizes; a scalar has one element', () => {
  expect(numElements([2, 3, 4])).toBe(24);
  expect(numElements([])).toBe(1);
  expect(numElements([5, 0, 7])).toBe(0);
});

test('isSameShape compares rank and sizes', () => {
  expect(isSameShape([2, 3], [2, 3])).toBe(true);
  expect(isSameShape([], [])).toBe(true);
  expect(isSameShape([2, 3], [3, 2])).toBe(false);
  expect(isSameShape([2, 3], [2, 3, 1])).toBe(false);
  expect(isSameShape([2, 3, 1], [2, 3])).toBe(false);
});

test('formatShape writes sizes as error messages show them', () => {
  expect(formatShape([50257, 768])).toBe('(50257, 768)');
  expect(formatShape([7])).toBe('(7)');
  expect(formatShape([])).toBe('()');
});
