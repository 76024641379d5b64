import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BlockPool } from './block-pool.ts';

test('BlockPool hands out each block once and takes it back', () => {
  const pool = new BlockPool(4);
  const blocks = pool.allocate(3);
  expect(new Set(blocks).size).toBe(3);
  expect(pool.numFree).toBe(1);
  for (const block of blocks) pool.release(block);
  expect(pool.numFree).toBe(4);
});

test('BlockPool refuses more than it has and takes none', () => {
  const pool = new BlockPool(2);
  expect(() => pool.allocate(3)).toThrow('Cannot allocate 3 blocks: 2 of 2 are free');
  expect(pool.numFree).toBe(2);
});

test('BlockPool frees a shared block with its last reference', () => {
  const pool = new BlockPool(1);
  const [block] = pool.allocate(1);
  pool.retain(block!);
  pool.release(block!);
  expect(pool.numFree).toBe(0);
  pool.release(block!);
  expect(pool.numFree).toBe(1);
  expect(() => pool.release(block!)).toThrow('it is not in use');
});

test('BlockPool never loses or doubles a block', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -5, max: 6 }), { maxLength: 60 }), (steps) => {
      const pool = new BlockPool(12);
      const used: number[] = [];
      for (const step of steps) {
        if (step > 0 && step <= pool.numFree) used.push(...pool.allocate(step));
        for (let i = step; i < 0 && used.length > 0; i++) pool.release(used.shift()!);
        expect(new Set(used).size).toBe(used.length);
        expect(pool.numFree + used.length).toBe(12);
      }
    }),
  );
});
