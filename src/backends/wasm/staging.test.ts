import { expect, test } from 'vitest';
import type { Executor } from './executor.ts';
import { Heap } from './heap.ts';
import { Staging } from './staging.ts';

function makeStaging() {
  const executor = { numThreads: 1, numSubmitted: 0, numCompleted: 0 };
  const heap = new Heap({ start: 0, limit: 2 ** 30, ensure: () => {}, limitReason: 'memory ends' });
  return { heap, executor, staging: new Staging(heap, executor as unknown as Executor) };
}

test('Staging gives no memory that a list on its way may read', () => {
  const { executor, staging } = makeStaging();
  const pieces: { address: number; bytes: number; list: number }[] = [];
  for (let list = 1; list <= 40; list++) {
    if (list > 3) executor.numCompleted = list - 3;
    for (const bytes of [1, 64, 100, 5000, 70_000]) {
      const address = staging.allocate(bytes, list);
      for (const other of pieces) {
        if (other.list <= executor.numCompleted) continue;
        expect(address + bytes <= other.address || other.address + other.bytes <= address).toBe(true);
      }
      pieces.push({ address, bytes, list });
    }
  }
});

test('Staging uses its memory again once the lists that read it have run', () => {
  const { heap, executor, staging } = makeStaging();
  for (let list = 1; list <= 100; list++) {
    executor.numCompleted = list - 1;
    staging.allocate(1_000_000, list);
    staging.allocate(1000, list);
    if (list === 2) expect(heap.usedBytes).toBeLessThan(1_100_000);
  }
  expect(heap.usedBytes).toBeLessThan(1_100_000);
});

test('Staging takes no memory that was in use before', () => {
  const { heap, staging } = makeStaging();
  const released = heap.allocate(1_000_000, 'a buffer'); // an operation that is still to run may use it
  heap.release(released, 1_000_000);
  expect(staging.allocate(1000, 1)).toBeGreaterThanOrEqual(released + 1_000_000);
});
