import { afterAll, describe, expect, test } from 'vitest';
import { goldenPath } from '../../test/goldens.ts';
import { testBackends } from '../../test/test-backends.ts';
import type { Backend } from '../backend/backend.ts';
import { createReferenceBackend } from '../backends/reference/reference-backend.ts';
import { encodeSafetensors } from '../formats/encode-safetensors.ts';
import { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import type { CausalLM } from '../models/causal-lm.ts';
import { loadModel } from '../models/load-model.ts';
import { CacheFileError, type CacheTensorDescription, encodeCacheFile } from './cache-file.ts';
import { restoreSequence, saveSequence } from './cache-file-sequence.ts';

const ids = (count: number, seed = 1) => Array.from({ length: count }, (_, i) => (i * i * 7 + i * 3 + seed * 11) % 90);

async function allLogits(model: CausalLM, cache: PagedKvCache, tokenIds: readonly number[]) {
  const sequence = cache.createSequence();
  const logits = await model.step(cache, [{ sequence, tokenIds }], { logits: 'all' });
  return { sequence, logits };
}

describe.each(Object.keys(testBackends))('A saved sequence on %s', (name) => {
  const opened = testBackends[name]!();
  const loaded = opened.then((backend) => loadModel(backend, goldenPath('models', 'llama-gqa')));
  afterAll(async () => {
    (await loaded).dispose();
    expect((await opened).memoryUsage().allocatedBytes).toBe(0);
    await (await opened).dispose();
  });

  test.each([0, 1, 15, 16, 17, 45])('of %i tokens goes on with the same bits, in other blocks', async (length) => {
    const model = await loaded;
    const [cache, other] = [model.createCache(80), model.createCache(100)];
    const tokenIds = ids(length + 6);
    const { sequence } = await allLogits(model, cache, tokenIds.slice(0, length));
    const bytes = await saveSequence(cache, sequence, tokenIds, 'a model');
    const next = (of: PagedKvCache, it: typeof sequence) =>
      model.step(of, [{ sequence: it, tokenIds: tokenIds.slice(length) }], { logits: 'all' });
    const wanted = await next(cache, sequence);
    cache.dispose();

    other.pool.allocate(1);
    const { numFree } = other.pool;
    const restored = await restoreSequence(other, bytes, 'a model');
    expect(restored.tokenIds).toEqual(tokenIds);
    expect(restored.sequence.length).toBe(length);
    expect(other.pool.numFree).toBe(numFree - Math.ceil(length / 16));
    expect(await next(other, restored.sequence)).toEqual(wanted);
    restored.sequence.release();
    expect(other.pool.numFree).toBe(numFree);
    other.dispose();
  });

  test('is what it was when saving began, though the sequence goes on', async () => {
    const model = await loaded;
    const cache = model.createCache(160);
    const { sequence } = await allLogits(model, cache, ids(21));
    const saving = saveSequence(cache, sequence, ids(21), 'a model');
    const next = (it: typeof sequence) => model.step(cache, [{ sequence: it, tokenIds: [5, 6] }], { logits: 'all' });
    const wanted = await next(sequence);
    sequence.truncate(21);
    await model.step(cache, [{ sequence, tokenIds: ids(20, 2) }], { logits: 'none' });
    const restored = await restoreSequence(cache, await saving, 'a model');
    expect(await next(restored.sequence)).toEqual(wanted);
    for (const it of [sequence, restored.sequence]) it.release();
    expect(cache.pool.numFree).toBe(cache.pool.numBlocks);
    cache.dispose();
  });
});

describe('A cache file is refused', () => {
  const shape = { numLayers: 2, kvHeads: 1, headSize: 3 };

  /** A cache with one sequence of 18 tokens that are not zeros, and its file. */
  async function saved(backend: Backend = createReferenceBackend()) {
    const cache = new PagedKvCache(backend, shape, 4);
    const sequence = cache.createSequence();
    sequence.append(18);
    for (const layer of cache.layers) {
      const data = () => new Float32Array(2 * 16 * 3).fill(0.5);
      await backend.writeBlocks(layer, sequence.blockTable, { keys: data(), values: data() });
    }
    const bytes = await saveSequence(cache, sequence, ids(19), 'a model');
    sequence.release();
    return { cache, bytes };
  }

  async function expectRefused(cache: PagedKvCache, bytes: Uint8Array, message?: string): Promise<void> {
    const restored = restoreSequence(cache, bytes, 'a model');
    await expect(restored).rejects.toThrow(CacheFileError);
    if (message !== undefined) await expect(restored).rejects.toThrow(message);
    expect(cache.pool.numFree).toBe(4);
  }

  test('with any byte changed', async () => {
    const { cache, bytes } = await saved();
    await restoreSequence(cache, bytes, 'a model').then(({ sequence }) => sequence.release());
    const headerEnd = 8 + new DataView(bytes.buffer).getUint32(0, true);
    for (let i = 0; i < bytes.length; i += i < headerEnd ? 1 : 13) {
      for (const bit of [1, 0x20]) {
        const damaged = bytes.slice();
        damaged[i]! ^= bit;
        await expectRefused(cache, damaged);
      }
    }
  });

  test('cut short or too long', async () => {
    const { cache, bytes } = await saved();
    for (let length = 0; length < bytes.length; length += 37) await expectRefused(cache, bytes.subarray(0, length));
    await expectRefused(cache, bytes.subarray(0, 7), 'Cannot restore a cache: the file has 7 bytes, wanted at least 8');
    await expectRefused(cache, Uint8Array.of(...bytes, 0));
    await expectRefused(cache, new Uint8Array(100).fill(0xff), 'the file says that its header has');
  });

  test('of another model, version, kind, or format', async () => {
    const { cache, bytes } = await saved();
    await expect(restoreSequence(cache, bytes, 'another')).rejects.toThrow(
      'Cannot restore a cache: the file has the fingerprint "a model", wanted "another"',
    );
    const [before, after] = [new TextDecoder('latin1').decode(bytes), '"version":"2"'];
    const newer = Uint8Array.from(before.replace('"version":"1"', after), (character) => character.charCodeAt(0));
    await expectRefused(cache, newer, 'the file has the version "2", wanted "1"');
    const prefixes = await encodeCacheFile(
      { kind: 'prefix-cache', fingerprint: 'a model' },
      { tensors: [] },
      () => undefined,
    );
    await expectRefused(cache, prefixes, 'the file has the kind "prefix-cache", wanted "sequence"');
    await expectRefused(cache, encodeSafetensors([]), 'a safetensors file, but not of a cache');
  });

  const layer = (i: number, numTokens: number, headSize = 3): CacheTensorDescription[] =>
    ['keys', 'values'].map((name) => ({
      name: `layers.${i}.${name}`,
      dtype: 'float32',
      shape: [numTokens, 1, headSize],
    }));
  const tokens: CacheTensorDescription = { name: 'tokens', dtype: 'int32', shape: [4] };
  const forged: readonly [string, CacheTensorDescription[], number[]][] = [
    ['tensor "layers.1.keys" is missing', [tokens, ...layer(0, 4)], []],
    ['the file has 7 tensors, wanted 5', [tokens, ...[0, 1, 2].flatMap((i) => layer(i, 4))], []],
    [
      'tensor "layers.0.keys" is float32 of shape (4, 1, 5), wanted float32 of shape (4, 1, 3)',
      [tokens, ...layer(0, 4, 5), ...layer(1, 4)],
      [],
    ],
    ['tensor "layers.1.keys" is float32 of shape (3, 1, 3)', [tokens, ...layer(0, 4), ...layer(1, 3)], []],
    ['tensor "tokens" is float32 of shape (4)', [{ ...tokens, dtype: 'float32' }, ...layer(0, 4), ...layer(1, 4)], []],
    ['the file has 4 tokens, but 5 are cached', [tokens, ...layer(0, 5), ...layer(1, 5)], []],
    ['the file has a negative token id', [tokens, ...layer(0, 4), ...layer(1, 4)], [1, -1]],
  ];
  test.each(forged)('made up: %s', async (message, tensors, tokenIds) => {
    const { cache } = await saved();
    const subject = { kind: 'sequence', fingerprint: 'a model' } as const;
    const bytes = await encodeCacheFile(subject, { tensors }, (data) => data.get('tokens')!.set(tokenIds));
    await expectRefused(cache, bytes, message);
  });

  test('but not for where its bytes lie', async () => {
    const { cache, bytes } = await saved();
    const moved = new Uint8Array(bytes.length + 3);
    moved.set(bytes, 3);
    const { sequence } = await restoreSequence(cache, moved.subarray(3), 'a model');
    const { keys } = await cache.backend.readBlocks(cache.layers[1]!, sequence.blockTable);
    expect(keys).toEqual(new Float32Array(2 * 16 * 3).fill(0.5, 0, 18 * 3));
  });

  test('and nothing is left behind when there is no room, or writing fails half-way', async () => {
    const backend = createReferenceBackend();
    const { bytes } = await saved(backend);
    const small = new PagedKvCache(backend, shape, 1);
    await expect(restoreSequence(small, bytes, 'a model')).rejects.toThrow('Cannot allocate 2 blocks: 1 of 1 are free');
    expect(small.pool.numFree).toBe(1);
    let numWrites = 0;
    const failing: Backend = {
      ...backend,
      async writeBlocks(...write) {
        if (++numWrites === 3) throw new Error('the device is gone');
        await backend.writeBlocks(...write);
      },
    };
    const cache = new PagedKvCache(failing, shape, 4);
    await expect(restoreSequence(cache, bytes, 'a model')).rejects.toThrow('the device is gone');
    expect(cache.pool.numFree).toBe(4);
  });

  test('nor is a sequence saved without its tokens, or held after an error', async () => {
    const backend = createReferenceBackend();
    const failing: Backend = { ...backend, readBlocks: () => Promise.reject(new Error('the device is gone')) };
    const cache = new PagedKvCache(failing, shape, 4);
    const sequence = cache.createSequence();
    sequence.append(18);
    const save = (tokenIds: number[]) => saveSequence(cache, sequence, tokenIds, 'a model');
    await expect(save(ids(17))).rejects.toThrow('Cannot save a sequence: 17 tokens, but 18 are cached');
    await expect(save(ids(18))).rejects.toThrow('the device is gone');
    sequence.release();
    expect(cache.pool.numFree).toBe(4);
  });
});
