import { expect, test } from 'vitest';
import { firstDifference } from './first-difference.ts';

test('firstDifference finds where two values differ', () => {
  const value = { a: 1, b: { c: [1, 2, { d: 'x' }], e: undefined } };
  expect(firstDifference(value, structuredClone(value))).toBeUndefined();
  expect(firstDifference(value, { a: 1, b: { c: [1, 2, { d: 'x' }] } })).toBeUndefined();
  expect(firstDifference(value, { ...value, a: 2 })).toEqual({ path: 'a', first: 1, second: 2 });
  const other = { a: 1, b: { c: [1, 2, { d: 'y' }] } };
  expect(firstDifference(value, other)).toEqual({ path: 'b.c.2.d', first: 'x', second: 'y' });
});

test('firstDifference tells kinds of values apart', () => {
  expect(firstDifference([1], { 0: 1 })).toEqual({ path: '', first: [1], second: { 0: 1 } });
  expect(firstDifference({ a: null }, {})).toEqual({ path: 'a', first: null, second: undefined });
  expect(firstDifference([1], [1, 2])).toEqual({ path: '1', first: undefined, second: 2 });
  expect(firstDifference(Number.NaN, Number.NaN)).toBeUndefined();
  expect(firstDifference('1', 1)).toEqual({ path: '', first: '1', second: 1 });
});
