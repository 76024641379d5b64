import { CACHE_BLOCK_SIZE, type CacheBlocks, type CacheShape } from './backend.ts';

/** Elements of the keys, and of the values, of `numBlocks` blocks. */
export function cacheBlocksLength({ kvHeads, headSize }: CacheShape, numBlocks: number): number {
  return numBlocks * CACHE_BLOCK_SIZE * kvHeads * headSize;
}

/** Throws a `RangeError` if a cache lacks one of the blocks. */
export function checkBlocks(action: string, { numBlocks }: CacheShape, blocks: readonly number[]): void {
  const wrong = blocks.find((block) => !(Number.isInteger(block) && block >= 0 && block < numBlocks));
  if (wrong !== undefined) throw new RangeError(`Cannot ${action}: block ${wrong}, but the cache has ${numBlocks}`);
}

/** Throws if a cache lacks one of the blocks, one of them comes twice, or the data are not theirs in size and type. */
export function checkBlocksToWrite(cache: CacheShape, blocks: readonly number[], { keys, values }: CacheBlocks): void {
  checkBlocks('write blocks', cache, blocks);
  if (new Set(blocks).size < blocks.length) throw new RangeError('Cannot write blocks: one of them comes twice');
  const wanted = cacheBlocksLength(cache, blocks.length);
  for (const [name, data] of Object.entries({ keys, values })) {
    if (!(data instanceof Float32Array))
      throw new TypeError(`Cannot write blocks: ${name} are ${Object.prototype.toString.call(data)}, wanted float32`);
    if (data.length !== wanted)
      throw new RangeError(`Cannot write blocks: ${data.length} elements of ${name}, wanted ${wanted}`);
  }
}
