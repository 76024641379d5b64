import { describe, expect, test } from 'vitest';
import { BlockPool } from './block-pool.ts';
import { CachedSequence } from './cached-sequence.ts';
import { PrefixCache, PrefixCursor } from './prefix-cache.ts';

/** Whole blocks, each of one token. */
const text = (...letters: number[]) => letters.flatMap((letter) => Array<number>(16).fill(letter));

/** A sequence that has computed the tokens and can be found. */
function compute(pool: BlockPool, prefixes: PrefixCache, tokenIds: readonly number[], namespace = 'm'): CachedSequence {
  const sequence = new CachedSequence(pool);
  sequence.append(tokenIds.length);
  prefixes.insert(new PrefixCursor(namespace), tokenIds, sequence.blockTable, tokenIds.length);
  return sequence;
}

describe('PrefixCache', () => {
  const pool = () => new BlockPool(8);

  test('finds full blocks with the same tokens before them, and no others', () => {
    const blocks = pool();
    const prefixes = new PrefixCache(blocks);
    const { blockTable } = compute(blocks, prefixes, [...text(1, 2, 3), 4, 4]);
    const match = (tokenIds: number[], maxTokens?: number) => prefixes.match(tokenIds, { namespace: 'm', maxTokens });
    expect(match(text(1, 2, 3, 4))).toEqual(blockTable.slice(0, 3));
    expect(match(text(1, 2, 3), 47)).toEqual(blockTable.slice(0, 2));
    expect(match(text(1, 3))).toEqual(blockTable.slice(0, 1));
    expect(match(text(2, 3))).toEqual([]);
    expect(match([...text(1), 2])).toEqual(blockTable.slice(0, 1));
    expect(match([])).toEqual([]);
    expect(prefixes.match(text(1), { namespace: 'other' })).toEqual([]);
    expect(prefixes.statistics).toEqual({
      numBlocks: 3,
      queries: 4 + 2 + 2 + 2 + 1 + 1,
      hits: 3 + 2 + 1 + 1,
      evictions: 0,
    });
  });

  test('finds blocks when nobody uses them any more, until the pool needs them: ends before beginnings', () => {
    const blocks = pool();
    const prefixes = new PrefixCache(blocks);
    const [first, second] = [compute(blocks, prefixes, text(1, 2, 3)), compute(blocks, prefixes, text(4, 5))];
    first.release();
    second.release();
    expect([blocks.numFree, blocks.numEmpty]).toEqual([8, 3]);
    expect(prefixes.match(text(1, 2, 3), { namespace: 'm', maxTokens: 32 })).toHaveLength(2);
    const found = () => [text(1, 2, 3), text(4, 5)].map((ids) => prefixes.match(ids, { namespace: 'm' }).length);
    const numFound: number[][] = [];
    // Looking touches what is found, in this order: the second text is always the last used.
    for (const count of [3, 1, 1, 1, 1, 1]) {
      blocks.allocate(count);
      numFound.push(found());
    }
    expect(numFound).toEqual([
      [3, 2],
      [2, 2],
      [1, 2],
      [0, 2],
      [0, 1],
      [0, 0],
    ]);
    expect(prefixes.statistics).toMatchObject({ numBlocks: 0, evictions: 5 });
  });

  test('leaves the first of two equal blocks, and goes on after it', () => {
    const blocks = pool();
    const prefixes = new PrefixCache(blocks);
    const first = compute(blocks, prefixes, text(1, 2));
    const second = compute(blocks, prefixes, text(1, 2, 3));
    const found = prefixes.match(text(1, 2, 3), { namespace: 'm' });
    expect(found).toEqual([...first.blockTable, second.blockTable[2]]);
    second.release();
    expect(blocks.numEmpty).toBe(8 - 3);
    first.release();
    expect(blocks.numEmpty).toBe(8 - 3);
  });

  test('forgets what follows an evicted block, also while it is in use, and takes it in again', () => {
    const blocks = pool();
    const prefixes = new PrefixCache(blocks);
    const first = compute(blocks, prefixes, text(1));
    const sequence = new CachedSequence(blocks);
    const cursor = new PrefixCursor('m');
    sequence.append(48);
    prefixes.insert(cursor, text(1, 2, 3), sequence.blockTable, 48);
    first.release();
    sequence.truncate(47);
    blocks.allocate(5);
    expect(prefixes.statistics).toMatchObject({ numBlocks: 0, evictions: 3 });
    expect(sequence.append(1)).toBeUndefined();
    prefixes.insert(cursor, text(1, 2, 3), sequence.blockTable, 32);
    expect(prefixes.match(text(1, 2, 3), { namespace: 'm' })).toEqual(sequence.blockTable.slice(0, 2));
    expect(blocks.numFree).toBe(0);
  });

  test('protects what can be found from the sequence that goes back and on', () => {
    const blocks = pool();
    const prefixes = new PrefixCache(blocks);
    const sequence = compute(blocks, prefixes, text(1, 2));
    const [, last] = sequence.blockTable;
    sequence.truncate(20);
    expect(sequence.blocksToAppend(1)).toBe(1);
    const copy = sequence.append(1);
    expect(copy).toEqual({ from: last, to: sequence.blockTable[1] });
    expect(prefixes.match(text(1, 2), { namespace: 'm' })[1]).toBe(last);
  });

  test('notices that a sequence went back and took other tokens', () => {
    const blocks = pool();
    const prefixes = new PrefixCache(blocks);
    const sequence = new CachedSequence(blocks);
    const cursor = new PrefixCursor('m');
    sequence.append(32);
    prefixes.insert(cursor, text(1, 2), sequence.blockTable, 32);
    const fork = cursor.fork();
    sequence.truncate(16);
    sequence.append(32);
    prefixes.insert(cursor, text(1, 5, 3), sequence.blockTable, 48);
    expect(prefixes.match(text(1, 5, 3), { namespace: 'm' })).toEqual(sequence.blockTable);
    expect(prefixes.match(text(1, 2, 3), { namespace: 'm' })).toHaveLength(2);
    expect(fork.blocks.map(({ tokenIds }) => tokenIds[0])).toEqual([1, 2]);
  });

  test('is exact when every hash collides', () => {
    const blocks = new BlockPool(20);
    const prefixes = new PrefixCache(blocks, () => 7);
    const texts = [text(1, 2), text(2, 1), text(1, 1), text(2, 2, 2)];
    const tables = texts.map((ids) => compute(blocks, prefixes, ids).blockTable);
    const found = texts.map((ids) => prefixes.match(ids, { namespace: 'm' }));
    expect(found).toEqual([
      tables[0],
      tables[1],
      [tables[0]![0], tables[2]![1]],
      [tables[1]![0], ...tables[3]!.slice(1)],
    ]);
    expect(prefixes.match(text(1, 2), { namespace: 'n' })).toEqual([]);
  });

  test('clears: nothing is found, nothing is lost', () => {
    const blocks = pool();
    const prefixes = new PrefixCache(blocks);
    compute(blocks, prefixes, text(1, 2)).release();
    const used = compute(blocks, prefixes, text(3));
    prefixes.clear();
    expect(prefixes.match(text(1, 2), { namespace: 'm' })).toEqual([]);
    expect([blocks.numEmpty, prefixes.statistics.numBlocks, blocks.isShared(used.blockTable[0]!)]).toEqual([
      7,
      0,
      false,
    ]);
  });

  test('lists its blocks, parents first, then the last used first', () => {
    const blocks = pool();
    const prefixes = new PrefixCache(blocks);
    const [first, second] = [compute(blocks, prefixes, text(1, 2)), compute(blocks, prefixes, text(1, 3))];
    compute(blocks, prefixes, text(4, 5)).release();
    first.release();
    second.release();
    const third = compute(blocks, prefixes, text(6));
    const listed = prefixes
      .blocks()
      .map(({ tokenIds, parent }) => [tokenIds[0], typeof parent === 'string' ? parent : parent.tokenIds[0]]);
    expect(listed).toEqual([
      [6, 'm'],
      [1, 'm'],
      [3, 1],
      [2, 1],
      [4, 'm'],
      [5, 4],
    ]);
    third.release();
  });

  test('refuses a block of other than 16 tokens, and a parent that is forgotten', () => {
    const blocks = pool();
    const prefixes = new PrefixCache(blocks);
    const [a, b] = blocks.allocate(2) as [number, number];
    expect(() => prefixes.add(a, [1], 'm')).toThrow(`Cannot keep block ${a}: 1 tokens, wanted 16`);
    const parent = prefixes.add(a, text(1), 'm');
    expect(prefixes.add(b, text(1), 'm')).toBe(parent);
    prefixes.clear();
    expect(() => prefixes.add(b, text(2), parent)).toThrow(`Cannot go on from block ${a}: its tokens are forgotten`);
  });
});
