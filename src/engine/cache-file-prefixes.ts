import { CACHE_BLOCK_SIZE } from '../backend/backend.ts';
import type { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import type { PrefixBlock, PrefixCache } from '../kv-cache/prefix-cache.ts';
import {
  type CacheFile,
  CacheFileError,
  type CacheTensorDescription,
  decodeCacheFile,
  encodeCacheFile,
  expectTensors,
} from './cache-file.ts';
import { cacheFingerprint, layerTensors, readLayers, writeLayers } from './cache-file-layers.ts';

const KIND = 'prefix-cache';

/**
 * A file with all blocks that a prefix cache can find: their tokens, keys and values, and which follows which. While it is
 * made, no block of the prefix cache is free.
 */
export async function savePrefixCache(
  cache: PagedKvCache,
  prefixes: PrefixCache,
  fingerprint: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const kept = prefixes.blocks();
  const blocks = kept.map(({ block }) => block);
  const { links, namespaces } = linksOf(kept);
  for (const block of blocks) cache.pool.retain(block);
  try {
    const parts = { tensors: prefixTensors(cache, kept.length), texts: { namespaces: JSON.stringify(namespaces) } };
    return await encodeCacheFile(
      { kind: KIND, fingerprint: cacheFingerprint(cache, fingerprint) },
      parts,
      async (data) => {
        data.get('tokens')!.set(kept.flatMap(({ tokenIds }) => tokenIds));
        data.get('links')!.set(links);
        await readLayers(cache, blocks, data);
      },
    );
  } finally {
    releaseLastFirst(cache, blocks);
  }
}

/**
 * Makes the blocks of a file findable again, as many as there are empty blocks for; those used last before it was saved
 * come first, and none without those before it. Nobody uses them then: the pool may take them when it needs some. Gives
 * how many there are. Throws a `CacheFileError` for a file that cannot be used, and the backend's error; nothing has
 * changed then.
 */
export async function restorePrefixCache(
  cache: PagedKvCache,
  prefixes: PrefixCache,
  bytes: Uint8Array,
  fingerprint: string,
): Promise<number> {
  const file = await decodeCacheFile(bytes, { kind: KIND, fingerprint: cacheFingerprint(cache, fingerprint) });
  const { tokenIds, links, namespaces } = parsePrefixes(cache, file);
  const blocks = cache.pool.allocate(Math.min(links.length, cache.pool.numEmpty));
  try {
    await writeLayers(cache, blocks, file.tensors, blocks.length * CACHE_BLOCK_SIZE);
    const found: PrefixBlock[] = [];
    for (const [i, block] of blocks.entries()) {
      const link = links[i]!;
      const parent = link < 0 ? namespaces[-1 - link]! : found[link]!;
      found.push(prefixes.add(block, tokenIds.slice(i * CACHE_BLOCK_SIZE, (i + 1) * CACHE_BLOCK_SIZE), parent));
    }
    return blocks.length;
  } finally {
    releaseLastFirst(cache, blocks);
  }
}

/** Of blocks that stay findable, the last released is the last to be taken. */
function releaseLastFirst(cache: PagedKvCache, blocks: readonly number[]): void {
  for (const block of blocks.toReversed()) cache.pool.release(block);
}

function prefixTensors(cache: PagedKvCache, numBlocks: number): CacheTensorDescription[] {
  return [
    { name: 'tokens', dtype: 'int32', shape: [numBlocks, CACHE_BLOCK_SIZE] },
    { name: 'links', dtype: 'int32', shape: [numBlocks] },
    ...layerTensors(cache, numBlocks * CACHE_BLOCK_SIZE),
  ];
}

/** What each block follows: the number of an earlier block of the file; −1 − n for the beginning of namespace n. */
function linksOf(kept: readonly PrefixBlock[]): { links: number[]; namespaces: string[] } {
  const namespaces = [...new Set(kept.flatMap(({ parent }) => (typeof parent === 'string' ? [parent] : [])))];
  const numbers = new Map<PrefixBlock | string, number>(namespaces.map((name, n) => [name, -1 - n]));
  for (const [i, block] of kept.entries()) numbers.set(block, i);
  return { links: kept.map(({ parent }) => numbers.get(parent)!), namespaces };
}

interface Prefixes {
  readonly tokenIds: readonly number[];
  readonly links: readonly number[];
  readonly namespaces: readonly string[];
}

function parsePrefixes(cache: PagedKvCache, file: CacheFile): Prefixes {
  const numBlocks = file.tensors.get('links')?.length ?? 0;
  expectTensors(file, prefixTensors(cache, numBlocks));
  const tokenIds = Array.from(file.tensors.get('tokens')!);
  if (tokenIds.some((tokenId) => tokenId < 0)) throw new CacheFileError('the file has a negative token id');
  const namespaces = parseNamespaces(file.header.metadata.get('namespaces') ?? '');
  const links = Array.from(file.tensors.get('links')!);
  const wrong = links.findIndex((link, i) => link >= i || -1 - link >= namespaces.length);
  if (wrong >= 0)
    throw new CacheFileError(`block ${wrong} of the file follows ${links[wrong]}, which is not before it`);
  return { tokenIds, links, namespaces };
}

function parseNamespaces(json: string): readonly string[] {
  let names: unknown;
  try {
    names = JSON.parse(json);
  } catch (cause) {
    throw new CacheFileError('the namespaces of the file are not JSON', { cause });
  }
  if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names;
  throw new CacheFileError('the namespaces of the file are not a list of names');
}
