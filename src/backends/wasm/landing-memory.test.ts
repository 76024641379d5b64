import { expect, test } from 'vitest';
import type { CommandRecorder } from './command-recorder.ts';
import { Heap } from './heap.ts';
import { LandingMemory } from './landing-memory.ts';

function makeLanding(maxPlaces: number, limit = 2 ** 30) {
  const recorder = { isIdle: true };
  const heap = new Heap({ start: 0, limit, ensure: () => {}, limitReason: 'memory ends' });
  return { heap, recorder, landing: new LandingMemory(heap, recorder as CommandRecorder, maxPlaces) };
}

test('gives no more places than it may, and the next to who waits longest', async () => {
  const { landing } = makeLanding(2);
  const [a, b] = [await landing.take(100), await landing.take(100)];
  const order: string[] = [];
  const waiting = ['first', 'second'].map(async (name) => {
    const place = await landing.take(100);
    order.push(name);
    return place;
  });
  await Promise.resolve();
  expect(order).toEqual([]);
  landing.give(a);
  expect((await waiting[0])?.address).toBe(a.address);
  expect(order).toEqual(['first']);
  landing.give(b);
  expect((await waiting[1])?.address).toBe(b.address);
});

test("all of it is the heap's again when nothing is on its way, time after time", async () => {
  const { heap, landing } = makeLanding(3);
  for (let i = 0; i < 20; i++) {
    const places = [await landing.take(1000 + i), await landing.take(2000), await landing.take(100)];
    for (const place of places) landing.give(place);
    expect(heap.usedBytes).toBe(0);
  }
  expect(heap.untouched).toBeLessThan(7000);
});

test('a place that is too small is given up for a larger one', async () => {
  const { heap, landing } = makeLanding(2);
  const held = await landing.take(64);
  landing.give(await landing.take(64));
  const large = await landing.take(640);
  expect(heap.usedBytes).toBe(64 + 640);
  landing.give(large);
  landing.give(held);
});

test('takes no memory that an operation on its way may use', async () => {
  const { heap, recorder, landing } = makeLanding(1);
  const released = heap.allocate(1000, 'a buffer');
  heap.release(released, 1000);
  recorder.isIdle = false;
  expect((await landing.take(64)).address).toBeGreaterThanOrEqual(released + 1000);
});

test('where memory is exhausted, the others go on', async () => {
  const { landing } = makeLanding(1, 1024);
  await expect(landing.take(2000)).rejects.toThrow('weights on their way');
  landing.give(await landing.take(1000));
});
