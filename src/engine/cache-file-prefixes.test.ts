import { afterAll, describe, expect, test } from 'vitest';
import { goldenPath } from '../../test/goldens.ts';
import { testBackends } from '../../test/test-backends.ts';
import type { Backend } from '../backend/backend.ts';
import { createReferenceBackend } from '../backends/reference/reference-backend.ts';
import { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import { PrefixCache, PrefixCursor } from '../kv-cache/prefix-cache.ts';
import { loadModel } from '../models/load-model.ts';
import { CacheFileError, encodeCacheFile } from './cache-file.ts';
import { restorePrefixCache, savePrefixCache } from './cache-file-prefixes.ts';

const text = (...letters: number[]) => letters.flatMap((letter) => Array<number>(16).fill(letter));
const find = (prefixes: PrefixCache, tokenIds: readonly number[], namespace = 'm') =>
  prefixes.match(tokenIds, { namespace });

describe.each(Object.keys(testBackends))('A saved prefix cache on %s', (name) => {
  const opened = testBackends[name]!();
  const loaded = opened.then((backend) => loadModel(backend, goldenPath('models', 'llama-gqa')));
  afterAll(async () => {
    (await loaded).dispose();
    expect((await opened).memoryUsage().allocatedBytes).toBe(0);
    await (await opened).dispose();
  });

  test('lets a text go on with the same bits', async () => {
    const model = await loaded;
    const [cache, other] = [model.createCache(160), model.createCache(160)];
    const [prefixes, restored] = [new PrefixCache(cache.pool), new PrefixCache(other.pool)];
    const texts = [
      [...text(3, 4), 7, 8, 9],
      [...text(3, 5), 7],
      [...text(6), 1],
    ];
    const wanted: Float32Array[] = [];
    for (const tokenIds of texts) {
      const sequence = cache.createSequence();
      wanted.push(await model.step(cache, [{ sequence, tokenIds }], { logits: 'last' }));
      prefixes.insert(new PrefixCursor('m'), tokenIds, sequence.blockTable, sequence.length);
      sequence.release();
    }
    const bytes = await savePrefixCache(cache, prefixes, 'a model');
    expect(cache.pool.numFree).toBe(10);
    cache.dispose();

    other.pool.allocate(3);
    expect(await restorePrefixCache(other, restored, bytes, 'a model')).toBe(4);
    expect([other.pool.numFree, other.pool.numEmpty]).toEqual([7, 3]);
    for (const [i, tokenIds] of texts.entries()) {
      const sequence = other.createSequence();
      const blocks = find(restored, tokenIds);
      sequence.adopt(blocks, 16 * blocks.length);
      expect(sequence.length).toBe(Math.floor(tokenIds.length / 16) * 16);
      const rest = { sequence, tokenIds: tokenIds.slice(sequence.length) };
      expect(await model.step(other, [rest], { logits: 'last' })).toEqual(wanted[i]);
      sequence.release();
    }
    expect(other.pool.numFree).toBe(7);
    other.dispose();
  });
});

describe('A saved prefix cache', () => {
  const shape = { numLayers: 2, kvHeads: 2, headSize: 3 };
  const create = (numBlocks: number, backend: Backend = createReferenceBackend()) => {
    const cache = new PagedKvCache(backend, shape, numBlocks);
    return { cache, prefixes: new PrefixCache(cache.pool) };
  };
  type Caches = ReturnType<typeof create>;

  /** Blocks of these tokens, each with its first token's number all over. */
  async function compute({ cache, prefixes }: Caches, tokenIds: readonly number[], namespace = 'm') {
    const sequence = cache.createSequence();
    const blocks = prefixes.match(tokenIds, { namespace });
    sequence.adopt(blocks, 16 * blocks.length);
    sequence.append(tokenIds.length - sequence.length);
    for (const [i, block] of sequence.blockTable.entries()) {
      const data = new Float32Array(16 * 2 * 3).fill(tokenIds[16 * i]!);
      for (const layer of cache.layers) await cache.backend.writeBlocks(layer, [block], { keys: data, values: data });
    }
    prefixes.insert(new PrefixCursor(namespace), tokenIds, sequence.blockTable, tokenIds.length);
    return sequence;
  }

  /** Two texts that share their first block, one in another namespace, and one that is in use. */
  async function saved() {
    const caches = create(10);
    for (const letters of [
      [1, 2],
      [1, 3, 4],
    ])
      (await compute(caches, text(...letters))).release();
    (await compute(caches, text(5), 'other')).release();
    await compute(caches, text(6));
    return { ...caches, bytes: await savePrefixCache(caches.cache, caches.prefixes, 'a model') };
  }

  const restore = ({ cache, prefixes }: Caches, bytes: Uint8Array) =>
    restorePrefixCache(cache, prefixes, bytes, 'a model');

  test('is found again, with its namespaces, its numbers, and in the order of use', async () => {
    const { bytes, ...original } = await saved();
    expect(original.cache.pool.numFree).toBe(9);
    const caches = create(8);
    expect(await restore(caches, bytes)).toBe(6);
    expect([caches.cache.pool.numFree, caches.cache.pool.numEmpty]).toEqual([8, 2]);
    const firstTokens = (of: Caches) => of.prefixes.blocks().map(({ tokenIds }) => tokenIds[0]);
    expect(firstTokens(caches)).toEqual(firstTokens(original));
    expect(firstTokens(caches)).toEqual([6, 5, 1, 3, 4, 2]);
    expect(find(caches.prefixes, text(5))).toEqual([]);
    expect(find(caches.prefixes, text(5), 'other')).toHaveLength(1);
    const blocks = find(caches.prefixes, text(1, 3, 4));
    for (const layer of caches.cache.layers) {
      const { keys, values } = await caches.cache.backend.readBlocks(layer, blocks);
      expect(keys).toEqual(Float32Array.from([1, 3, 4].flatMap((number) => Array<number>(96).fill(number))));
      expect(values).toEqual(keys);
    }
  });

  test('comes as far as there is room, beginnings first, and takes nothing from what is there', async () => {
    const { bytes } = await saved();
    const caches = create(6);
    (await compute(caches, text(8))).release();
    const used = await compute(caches, text(9));
    expect(await restore(caches, bytes)).toBe(4);
    expect(caches.cache.pool.numFree).toBe(5);
    const { prefixes } = caches;
    const found = [text(8), text(9), text(6), text(1, 3, 4), text(1, 2)].map((ids) => find(prefixes, ids).length);
    expect(found).toEqual([1, 1, 1, 2, 1]);
    used.release();
    expect(await restore(caches, bytes)).toBe(0);
  });

  test('goes on from blocks that are there already', async () => {
    const { bytes } = await saved();
    const caches = create(10);
    const used = await compute(caches, text(1));
    expect(await restore(caches, bytes)).toBe(6);
    expect(find(caches.prefixes, text(1, 3, 4))[0]).toBe(used.blockTable[0]);
    expect(find(caches.prefixes, text(1, 3, 4))).toHaveLength(3);
    used.release();
    expect([caches.cache.pool.numFree, caches.prefixes.statistics.numBlocks]).toEqual([10, 6]);
  });

  test('may hold nothing', async () => {
    const { cache, prefixes } = create(2);
    const bytes = await savePrefixCache(cache, prefixes, 'a model');
    expect(await restorePrefixCache(cache, prefixes, bytes, 'a model')).toBe(0);
  });

  test('is refused with any byte changed, or for another model', async () => {
    const { bytes } = await saved();
    const caches = create(8);
    for (let i = 0; i < bytes.length; i += 17) {
      const damaged = bytes.slice();
      damaged[i]! ^= 4;
      await expect(restore(caches, damaged)).rejects.toThrow(CacheFileError);
    }
    await expect(restorePrefixCache(caches.cache, caches.prefixes, bytes, 'another')).rejects.toThrow(CacheFileError);
    expect([caches.cache.pool.numEmpty, caches.prefixes.statistics.numBlocks]).toEqual([8, 0]);
  });

  test.each([
    ['block 1 of the file follows 1, which is not before it', [-1, 1], '["m"]'],
    ['block 0 of the file follows 1, which is not before it', [1, -1], '["m"]'],
    ['block 1 of the file follows -3, which is not before it', [-2, -3], '["m", "n"]'],
    ['the namespaces of the file are not JSON', [-1, 0], '["m"'],
    ['the namespaces of the file are not a list of names', [-1, 0], '{"length":1}'],
    ['the namespaces of the file are not a list of names', [-1, 0], '[1]'],
  ])('is refused if it is made up: %s', async (message, links, namespaces) => {
    const tensors = [
      { name: 'tokens', dtype: 'int32' as const, shape: [2, 16] },
      { name: 'links', dtype: 'int32' as const, shape: [2] },
      ...['layers.0.keys', 'layers.0.values', 'layers.1.keys', 'layers.1.values'].map((name) => ({
        ...{ name, dtype: 'float32' as const, shape: [32, 2, 3] },
      })),
    ];
    const subject = { kind: 'prefix-cache', fingerprint: 'a model' } as const;
    const bytes = await encodeCacheFile(subject, { tensors, texts: { namespaces } }, (data) =>
      data.get('links')!.set(links),
    );
    const caches = create(8);
    await expect(restore(caches, bytes)).rejects.toThrow(`Cannot restore a cache: ${message}`);
    expect(caches.cache.pool.numEmpty).toBe(8);
  });

  test('leaves nothing behind when writing fails half-way, and loses nothing when reading does', async () => {
    const { bytes, cache, prefixes } = await saved();
    let numWrites = 0;
    const backend = createReferenceBackend();
    const failing: Backend = {
      ...backend,
      async writeBlocks(...write) {
        if (++numWrites === 2) throw new Error('the device is gone');
        await backend.writeBlocks(...write);
      },
    };
    const caches = create(8, failing);
    await expect(restore(caches, bytes)).rejects.toThrow('the device is gone');
    expect([caches.cache.pool.numEmpty, caches.prefixes.statistics.numBlocks]).toEqual([8, 0]);
    cache.dispose();
    await expect(savePrefixCache(cache, prefixes, 'a model')).rejects.toThrow('the cache is already released');
    expect([cache.pool.numFree, prefixes.statistics.numBlocks]).toEqual([9, 6]);
  });
});
