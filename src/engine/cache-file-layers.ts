import { CACHE_BLOCK_SIZE } from '../backend/backend.ts';
import type { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import type { CacheTensorDescription, CacheTensors } from './cache-file.ts';

/** Blocks that are read at once: little memory beside the cache, and few waits. */
const BLOCKS_PER_READ = 64;

/** Tells caches apart that round keys and values in another way, beside what the fingerprint of the model tells. */
export function cacheFingerprint({ dtype }: PagedKvCache, fingerprint: string): string {
  return dtype === 'float32' ? fingerprint : `${fingerprint}, ${dtype}`;
}

/** The keys and values of `numTokens` tokens in a cache file: `layers.0.keys` (numTokens, G, D), and so on. */
export function layerTensors(cache: PagedKvCache, numTokens: number): CacheTensorDescription[] {
  return cache.layers.flatMap(({ kvHeads, headSize }, i) =>
    (['keys', 'values'] as const).map((name) => ({
      name: `layers.${i}.${name}`,
      dtype: 'float32' as const,
      shape: [numTokens, kvHeads, headSize],
    })),
  );
}

/** Fills the tensors of all layers with the tokens of the blocks; the last block may have room for more than there are. */
export async function readLayers(cache: PagedKvCache, blocks: readonly number[], tensors: CacheTensors): Promise<void> {
  for (const [i, layer] of cache.layers.entries()) {
    const [keys, values] = layerOf(tensors, i);
    for (let first = 0; first < blocks.length; first += BLOCKS_PER_READ) {
      const data = await cache.backend.readBlocks(layer, blocks.slice(first, first + BLOCKS_PER_READ));
      const start = first * CACHE_BLOCK_SIZE * layer.kvHeads * layer.headSize;
      keys.set(data.keys.subarray(0, keys.length - start), start);
      values.set(data.values.subarray(0, values.length - start), start);
    }
  }
}

/** Writes the first tokens of all layers to blocks, as many as `numTokens` tokens take; the rest of the last is zeros. */
export async function writeLayers(
  cache: PagedKvCache,
  blocks: readonly number[],
  tensors: CacheTensors,
  numTokens: number,
): Promise<void> {
  const numFull = Math.floor(numTokens / CACHE_BLOCK_SIZE);
  for (const [i, layer] of cache.layers.entries()) {
    const [keys, values] = layerOf(tensors, i);
    const tokenLength = layer.kvHeads * layer.headSize;
    const [fullEnd, end] = [numFull * CACHE_BLOCK_SIZE * tokenLength, numTokens * tokenLength];
    const full = { keys: keys.subarray(0, fullEnd), values: values.subarray(0, fullEnd) };
    await cache.backend.writeBlocks(layer, blocks.slice(0, numFull), full);
    if (fullEnd === end) continue;
    const padded = (elements: Float32Array) => {
      const block = new Float32Array(CACHE_BLOCK_SIZE * tokenLength);
      block.set(elements.subarray(fullEnd, end));
      return block;
    };
    await cache.backend.writeBlocks(layer, [blocks[numFull]!], { keys: padded(keys), values: padded(values) });
  }
}

function layerOf(tensors: CacheTensors, i: number): readonly [keys: Float32Array, values: Float32Array] {
  return [tensors.get(`layers.${i}.keys`) as Float32Array, tensors.get(`layers.${i}.values`) as Float32Array];
}
