import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Permutation } from './permutation.ts';

function orderOf(size: number, seed = 1, position = 0, lane = 0): number[] {
  const permutation = new Permutation(size, seed, position, lane);
  return Array.from({ length: size }, (_, i) => permutation.at(i));
}

test('every number comes once, for every size and key', () => {
  const integer = fc.maxSafeNat();
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 600 }), integer, integer, fc.nat(1000), (size, seed, position, lane) => {
      const order = orderOf(size, seed, position, lane);
      expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i));
    }),
  );
});

test('large sizes work as well', () => {
  const permutation = new Permutation(2 ** 32, 5, 0, 0);
  const numbers = Array.from({ length: 1000 }, (_, i) => permutation.at(2 ** 32 - 1 - i));
  expect(new Set(numbers).size).toBe(1000);
  for (const number of numbers) expect(number >= 0 && number < 2 ** 32).toBe(true);
});

test('seed, position and lane each make another order', () => {
  const orders = [orderOf(50), orderOf(50, 2), orderOf(50, 1, 1), orderOf(50, 1, 0, 1)];
  expect(new Set(orders.map(String)).size).toBe(4);
});

test('every number comes to every place equally often', () => {
  const size = 10;
  const counts = new Map<string, number>();
  for (let seed = 0; seed < 10_000; seed++)
    for (const [place, number] of orderOf(size, seed).entries()) {
      const key = `${place} ${number}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  expect(counts.size).toBe(size * size);
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150); // five standard deviations
});

test('neighbours do not stay together', () => {
  const order = orderOf(10_000);
  const numTogether = order.filter((number, i) => Math.abs(number - (order[i + 1] ?? Number.NaN)) === 1).length;
  expect(numTogether).toBeLessThan(15); // 2 are expected
});

test('refuses sizes that cannot be', () => {
  expect(() => new Permutation(0, 1, 0, 0)).toThrow(
    'Cannot order 0 things: wanted a whole number from 1 to 4294967296',
  );
});
