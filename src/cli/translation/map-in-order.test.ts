import { expect, test } from 'vitest';
import { collect } from '../../../test/collect.ts';
import { mapInOrder } from './map-in-order.ts';

test('Results come in order, whoever is done first, and no more run at once than may', async () => {
  let running = 0;
  let most = 0;
  const map = async (item: number) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, (item * 7) % 5));
    running -= 1;
    return item;
  };
  const items = Array.from({ length: 20 }, (_, i) => i);
  expect(await collect(mapInOrder(items, map, 3))).toEqual(items);
  expect(most).toBe(3);
  expect(await collect(mapInOrder([], map))).toEqual([]);
});

test('What came before an error comes, and nothing is begun after it', async () => {
  const begun: number[] = [];
  const map = async (item: number) => {
    begun.push(item);
    if (item === 2) throw new Error('two');
    return item;
  };
  const results: number[] = [];
  const all = async () => {
    for await (const result of mapInOrder([0, 1, 2, 3, 4, 5, 6], map, 2)) results.push(result);
  };
  await expect(all()).rejects.toThrow('two');
  expect(results).toEqual([0, 1]);
  expect(begun).toEqual([0, 1, 2, 3]);
});
