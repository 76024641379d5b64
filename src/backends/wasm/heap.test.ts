import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alignedBytes, Heap } from './heap.ts';

const START = 4096;

function makeHeap(limit = 2 ** 30) {
  let grownTo = 0;
  const ensure = (end: number) => {
    grownTo = Math.max(grownTo, end);
  };
  const heap = new Heap({ start: START, limit, ensure, limitReason: 'memory ends at 1 MiB' });
  return { heap, grownTo: () => grownTo };
}

/** Allocations of some size, and releases of the i-th of those alive. */
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('allocate' as const), bytes: fc.integer({ min: 0, max: 5000 }) }),
    fc.record({ kind: fc.constant('release' as const), index: fc.nat() }),
  ),
  { maxLength: 200 },
);

describe('Heap', () => {
  test('hands out aligned pieces that never overlap, and counts their bytes', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const { heap, grownTo } = makeHeap();
        const alive: { address: number; bytes: number }[] = [];
        for (const step of sequence) {
          if (step.kind === 'allocate') {
            const address = heap.allocate(step.bytes, 'a piece');
            expect(address % 64).toBe(0);
            for (const other of alive) {
              expect(address + step.bytes <= other.address || other.address + other.bytes <= address).toBe(true);
            }
            if (step.bytes > 0) alive.push({ address, bytes: step.bytes });
            expect(address + step.bytes).toBeLessThanOrEqual(Math.max(grownTo(), START));
          } else if (alive.length > 0) {
            const [piece] = alive.splice(step.index % alive.length, 1);
            heap.release(piece!.address, piece!.bytes);
          }
          const used = alive.reduce((sum, { bytes }) => sum + alignedBytes(bytes), 0);
          expect(heap.usedBytes).toBe(used);
        }
      }),
    );
  });

  test('merges what is free: after all releases one piece as large as all of it fits where the first was', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 50 }),
        fc.func(fc.integer()),
        (sizes, orderOf) => {
          const { heap } = makeHeap();
          const pieces = sizes.map((bytes) => ({ address: heap.allocate(bytes, 'a piece'), bytes }));
          const top = heap.untouched;
          for (const { address, bytes } of pieces.toSorted((a, b) => orderOf(a) - orderOf(b))) {
            heap.release(address, bytes);
          }
          expect(heap.usedBytes).toBe(0);
          expect(heap.allocate(top - START, 'everything')).toBe(START);
          expect(heap.untouched).toBe(top);
        },
      ),
    );
  });

  test('takes the first free piece that is large enough', () => {
    const { heap } = makeHeap();
    const [a, , c] = [128, 64, 64, 64].map((bytes) => heap.allocate(bytes, 'a piece'));
    heap.release(a!, 128);
    heap.release(c!, 64);
    expect(heap.allocate(64, 'a piece')).toBe(a);
    expect(heap.allocate(128, 'a piece')).toBe(START + 128 + 3 * 64);
    expect(heap.allocate(64, 'a piece')).toBe(a! + 64);
    expect(heap.allocate(64, 'a piece')).toBe(c);
  });

  test('extends a free piece at the top', () => {
    const { heap } = makeHeap();
    const first = heap.allocate(64, 'a piece');
    heap.release(first, 64);
    expect(heap.allocate(1024, 'a piece')).toBe(first);
  });

  test('knows memory that was never handed out', () => {
    const { heap } = makeHeap();
    const first = heap.allocate(64, 'a piece');
    heap.release(first, 64);
    expect(heap.untouched).toBe(START + 64);
    expect(heap.allocateUntouched(64, 'a piece')).toBe(START + 64);
    expect(heap.untouched).toBe(START + 128);
  });

  test('says what was wanted, what is in use and where memory ends', () => {
    const { heap } = makeHeap(2 ** 20);
    heap.allocate(100 * 1024, 'a buffer');
    expect(() => heap.allocate(2 ** 20, 'a buffer')).toThrow(
      new RangeError('Cannot allocate 1 MiB for a buffer: 100 KiB are in use, and memory ends at 1 MiB'),
    );
    expect(heap.usedBytes).toBe(100 * 1024);
    expect(heap.allocate(64, 'a buffer')).toBe(START + 100 * 1024);
  });
});
