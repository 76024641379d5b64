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

const nobody = { evicted: () => {} };

test('BlockPool takes kept blocks last, the one used longest ago first, and says so', () => {
  const pool = new BlockPool(4);
  const evicted: number[] = [];
  const keeper = { evicted: (block: number) => evicted.push(block) };
  const [a, b, c, d] = pool.allocate(4) as [number, number, number, number];
  for (const block of [a, b, c]) pool.keep(block, keeper);
  for (const block of [a, b, c, d]) pool.release(block);
  expect([pool.numFree, pool.numEmpty, ...pool.idleBlocks]).toEqual([4, 1, a, b, c]);
  pool.touch(a);
  expect(pool.allocate(1)).toEqual([d]);
  expect(evicted).toEqual([]);
  expect(pool.allocate(2)).toEqual([b, c]);
  expect(evicted).toEqual([b, c]);
  pool.retain(a);
  expect(() => pool.allocate(1)).toThrow('Cannot allocate 1 blocks: 0 of 4 are free');
  pool.release(a);
  expect(pool.allocate(1)).toEqual([a]);
  for (const block of [a, b, c, d]) pool.release(block);
  expect(pool.numEmpty).toBe(4);
});

test('BlockPool takes a kept block for shared, with one reference and without', () => {
  const pool = new BlockPool(2);
  const [block] = pool.allocate(1) as [number];
  expect(pool.isShared(block)).toBe(false);
  pool.retain(block);
  expect(pool.isShared(block)).toBe(true);
  pool.release(block);
  pool.keep(block, nobody);
  expect(pool.isShared(block)).toBe(true);
  pool.release(block);
  expect(pool.isShared(block)).toBe(true);
  pool.forget(block);
  expect(pool.isShared(block)).toBe(false);
});

test('BlockPool forgets blocks that are in use and those that are not', () => {
  const pool = new BlockPool(2);
  const [a, b] = pool.allocate(2) as [number, number];
  for (const block of [a, b]) pool.keep(block, nobody);
  pool.release(a);
  for (const block of [a, b]) pool.forget(block);
  expect(pool.numEmpty).toBe(1);
  pool.release(b);
  expect(pool.numEmpty).toBe(2);
});

test('BlockPool refuses to keep what is free or kept, and to forget what is not kept', () => {
  const pool = new BlockPool(2);
  expect(() => pool.keep(0, nobody)).toThrow('Cannot keep block 0: it is not in use (blocks 0 to 1)');
  const [block] = pool.allocate(1) as [number];
  expect(() => pool.forget(block)).toThrow(`Cannot forget block ${block}: it is not kept`);
  pool.keep(block, nobody);
  expect(() => pool.keep(block, nobody)).toThrow(`Cannot keep block ${block}: it is kept already`);
  pool.release(block);
  expect(() => pool.release(block)).toThrow('it is not in use');
});

test('BlockPool lets a keeper forget more while it loses one', () => {
  const pool = new BlockPool(3);
  const [a, b, c] = pool.allocate(3) as [number, number, number];
  const keeper = { evicted: () => pool.forget(c) };
  pool.keep(a, keeper);
  pool.keep(b, nobody);
  pool.keep(c, nobody);
  for (const block of [a, b, c]) pool.release(block);
  expect(pool.allocate(2)).toEqual([a, c]);
  expect([...pool.idleBlocks]).toEqual([b]);
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
