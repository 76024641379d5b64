import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MergeQueue } from './merge-queue.ts';
import { PairTable } from './pair-table.ts';

test('gives the most frequent pair first, of equal ones that with the lower ids', () => {
  const entry = fc.record({ left: fc.nat(5), right: fc.nat(5), count: fc.nat(4) });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 40 }), (entries) => {
      const pairs = new PairTable();
      const queue = new MergeQueue(pairs);
      for (const { left, right, count } of entries) queue.push({ pair: pairs.indexOf(left, right), count, words: 0 });
      const popped = Array.from(entries, () => queue.pop()!);
      const sorted = [...entries].sort((a, b) => b.count - a.count || a.left - b.left || a.right - b.right);
      expect(popped.map(({ pair, count }) => ({ left: pairs.left[pair], right: pairs.right[pair], count }))).toEqual(
        sorted,
      );
      expect(queue.pop()).toBeUndefined();
    }),
  );
});
