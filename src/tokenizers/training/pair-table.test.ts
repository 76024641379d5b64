import { expect, test } from 'vitest';
import { PairTable } from './pair-table.ts';

test('numbers pairs as they come, and finds them again among many', () => {
  const table = new PairTable();
  const side = 150;
  const numbers = Array.from({ length: side * side }, (_, i) => i);
  const find = () => numbers.map((i) => table.indexOf(i % side, Math.floor(i / side)));
  expect(find()).toEqual(numbers);
  for (const pair of numbers) table.counts[pair] = pair;
  expect(find().map((pair) => table.counts[pair])).toEqual(numbers);
  expect(table.size).toBe(side * side);
});
