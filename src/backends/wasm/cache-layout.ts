import { CACHE_BLOCK_SIZE, type CacheShape } from '../../backend/backend.ts';

// The host's side of assembly/cache-layout.ts.

/** Values are padded to this many dimensions. */
const VALUE_MULTIPLE = 8;

/** The head size that values take in memory. */
export function paddedHeadSize(headSize: number): number {
  return Math.ceil(headSize / VALUE_MULTIPLE) * VALUE_MULTIPLE;
}

/** Bytes of a paged cache. */
export function cacheByteLength({ numBlocks, kvHeads, headSize }: CacheShape): number {
  return numBlocks * kvHeads * CACHE_BLOCK_SIZE * (headSize + paddedHeadSize(headSize)) * 4;
}
