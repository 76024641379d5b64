import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Heap } from './heap.ts';

test('items come out in order, whenever they went in', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(20))), (steps) => {
      const heap = new Heap<number>((a, b) => a < b);
      const kept: number[] = [];
      for (const step of steps) {
        if (step === null) expect(heap.pop()).toBe(kept.sort((a, b) => a - b).shift());
        else {
          heap.push(step);
          kept.push(step);
        }
      }
      for (const item of kept.sort((a, b) => a - b)) expect(heap.pop()).toBe(item);
      expect(heap.pop()).toBeUndefined();
    }),
  );
});
