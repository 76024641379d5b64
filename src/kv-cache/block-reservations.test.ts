import { expect, test } from 'vitest';
import { BlockReservations } from './block-reservations.ts';

test('BlockReservations admits first come, first served', async () => {
  const reservations = new BlockReservations(10);
  const order: string[] = [];
  const releaseFirst = await reservations.reserve(8);
  const second = reservations.reserve(6).then((release) => {
    order.push('second');
    return release;
  });
  const third = reservations.reserve(1).then((release) => {
    order.push('third');
    return release;
  });
  await Promise.resolve();
  expect(order).toEqual([]);
  releaseFirst();
  releaseFirst();
  (await second)();
  (await third)();
  expect(order).toEqual(['second', 'third']);
  (await reservations.reserve(10))();
});

test('BlockReservations refuses what can never fit', async () => {
  await expect(new BlockReservations(3).reserve(4)).rejects.toThrow('Cannot reserve 4 cache blocks: the cache has 3');
});

test('BlockReservations lets the next in when one that waits is aborted', async () => {
  const reservations = new BlockReservations(4);
  const release = await reservations.reserve(2);
  const controller = new AbortController();
  const large = reservations.reserve(4, controller.signal);
  const small = reservations.reserve(2);
  controller.abort(new Error('enough'));
  await expect(large).rejects.toThrow('enough');
  (await small)();
  release();
  (await reservations.reserve(4))();
});
