import type { CachedSequence } from '../kv-cache/cached-sequence.ts';
import type { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import {
  CacheFileError,
  type CacheTensorDescription,
  decodeCacheFile,
  encodeCacheFile,
  expectTensors,
} from './cache-file.ts';
import { cacheFingerprint, layerTensors, readLayers, writeLayers } from './cache-file-layers.ts';

const KIND = 'sequence';

/**
 * A file with what is cached of a sequence: its tokens (those that are cached, and any known after them), and their keys
 * and values. The sequence may go on meanwhile. Throws a `RangeError` for fewer tokens than are cached.
 *
 * @example
 * const bytes = await saveSequence(cache, sequence, tokenIds, fingerprint);
 * // another day
 * const { sequence, tokenIds } = await restoreSequence(cache, bytes, fingerprint);
 */
export async function saveSequence(
  cache: PagedKvCache,
  sequence: CachedSequence,
  tokenIds: readonly number[],
  fingerprint: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const { length } = sequence;
  if (tokenIds.length < length)
    throw new RangeError(`Cannot save a sequence: ${tokenIds.length} tokens, but ${length} are cached`);
  // Shares the blocks, so that they stay as they are.
  const held = sequence.fork();
  try {
    const tensors = sequenceTensors(cache, tokenIds.length, length);
    return await encodeCacheFile(
      { kind: KIND, fingerprint: cacheFingerprint(cache, fingerprint) },
      { tensors },
      async (data) => {
        data.get('tokens')!.set(tokenIds);
        await readLayers(cache, held.blockTable, data);
      },
    );
  } finally {
    held.release();
  }
}

/**
 * Puts a sequence back into the cache. Throws a `CacheFileError` for a file that cannot be used, a `RangeError` if the
 * cache has too few free blocks, and the backend's error; no block is taken then.
 */
export async function restoreSequence(
  cache: PagedKvCache,
  bytes: Uint8Array,
  fingerprint: string,
): Promise<{ readonly tokenIds: readonly number[]; readonly sequence: CachedSequence }> {
  const file = await decodeCacheFile(bytes, { kind: KIND, fingerprint: cacheFingerprint(cache, fingerprint) });
  const [numTokens, length] = ['tokens', 'layers.0.keys'].map((name) => numRows(file.header.entries, name)) as [
    number,
    number,
  ];
  expectTensors(file, sequenceTensors(cache, numTokens, length));
  if (length > numTokens) throw new CacheFileError(`the file has ${numTokens} tokens, but ${length} are cached`);
  const tokenIds = Array.from(file.tensors.get('tokens')!);
  if (tokenIds.some((tokenId) => tokenId < 0)) throw new CacheFileError('the file has a negative token id');
  const sequence = cache.createSequence();
  try {
    sequence.append(length);
    await writeLayers(cache, sequence.blockTable, file.tensors, length);
    return { tokenIds, sequence };
  } catch (error) {
    sequence.release();
    throw error;
  }
}

function sequenceTensors(cache: PagedKvCache, numTokens: number, length: number): CacheTensorDescription[] {
  return [{ name: 'tokens', dtype: 'int32', shape: [numTokens] }, ...layerTensors(cache, length)];
}

/** The first size of a tensor's shape; 0 if it has none, which `expectTensors` then refuses. */
function numRows(entries: readonly Pick<CacheTensorDescription, 'name' | 'shape'>[], name: string): number {
  return entries.find((entry) => entry.name === name)?.shape[0] ?? 0;
}
