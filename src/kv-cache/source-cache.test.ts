import { expect, test } from 'vitest';
import { BlockPool } from './block-pool.ts';
import { type CachedSource, SourceCache } from './source-cache.ts';

const SOURCE = Array.from({ length: 20 }, (_, i) => i);

function start({ numBlocks = 6, keeps = true } = {}) {
  const pool = new BlockPool(numBlocks);
  const sources = new SourceCache(pool, { keeps });
  /** What an engine does. */
  const encode = (source: CachedSource) => {
    source.sequence.append(source.tokenIds.length);
    sources.keep(source);
  };
  return { pool, sources, encode };
}

test('Who asks for a source that another uses shares it, before and after it is encoded', () => {
  const { pool, sources, encode } = start();
  const [a, b, c] = [sources.open(SOURCE), sources.open(SOURCE), sources.open(SOURCE)];
  expect([a.source, a.isEncoded]).toEqual([undefined, false]);
  expect(b.take()).toBe(a.take());
  encode(a.take());
  expect(c.take()).toBe(a.source);
  expect([c.isEncoded, pool.numFree]).toEqual([true, 4]);
  for (const hold of [a, b]) hold.release();
  expect([b.isEncoded, c.isEncoded, pool.numFree]).toEqual([false, true, 4]);
  c.release();
  c.release();
  expect(pool.numFree).toBe(6);
});

test('A source that nobody uses is found again until the pool needs its blocks, and then all of it is gone', () => {
  const { pool, sources, encode } = start();
  const first = sources.open(SOURCE);
  encode(first.take());
  const blocks = [...first.source!.sequence.blockTable];
  first.release();
  expect([pool.numFree, pool.numEmpty]).toEqual([6, 4]);
  const second = sources.open(SOURCE);
  expect(second.take().sequence.blockTable).toEqual(blocks);
  expect(second.take().sequence.length).toBe(20);
  second.release();
  for (const block of pool.allocate(5)) pool.release(block);
  expect(sources.statistics).toEqual({ numSources: 0, evictions: 1 });
  expect(pool.numEmpty).toBe(6);
  expect(sources.open(SOURCE).take().isEncoded).toBe(false);
});

test('The source that was used longest ago goes first', () => {
  const { pool, sources, encode } = start({ numBlocks: 4 });
  for (const first of [1, 2]) {
    const hold = sources.open([first, ...SOURCE]);
    encode(hold.take());
    hold.release();
  }
  const again = sources.open([1, ...SOURCE]);
  again.take();
  again.release();
  pool.allocate(1);
  expect(sources.open([2, ...SOURCE]).take().isEncoded).toBe(false);
  expect(sources.open([1, ...SOURCE]).take().isEncoded).toBe(true);
});

test('Another text, a beginning of it, another namespace and a source of its own are others', () => {
  const { sources, encode } = start({ numBlocks: 12 });
  encode(sources.open(SOURCE).take());
  const others = [
    sources.open(SOURCE.slice(0, 16)),
    sources.open([...SOURCE, 1]),
    sources.open(SOURCE, { namespace: 'adapter' }),
    sources.open(SOURCE, { isShared: false }),
  ];
  for (const hold of others) expect(hold.take().isEncoded).toBe(false);
  const own = sources.open(SOURCE, { isShared: false });
  encode(own.take());
  expect(sources.open(SOURCE).take()).not.toBe(own.source);
});

test('Without keeping, sources are shared only while they are used', () => {
  const { pool, sources, encode } = start({ keeps: false });
  const [a, b] = [sources.open(SOURCE), sources.open(SOURCE)];
  encode(a.take());
  expect(b.take()).toBe(a.source);
  for (const hold of [a, b]) hold.release();
  expect(pool.numEmpty).toBe(6);
  expect(sources.open(SOURCE).take().isEncoded).toBe(false);
});
