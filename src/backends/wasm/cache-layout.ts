import { CACHE_BLOCK_SIZE, type CacheShape } from '../../backend/backend.ts';
import { bytesPerElement, type CacheDType } from '../../backend/dtype.ts';

// The host's side of assembly/cache-layout.ts.

/** Values are padded to this many dimensions. */
const VALUE_MULTIPLE = 8;

/** The head size that values take in memory. */
export function paddedHeadSize(headSize: number): number {
  return Math.ceil(headSize / VALUE_MULTIPLE) * VALUE_MULTIPLE;
}

/** Bytes of a paged cache. */
export function cacheByteLength({ numBlocks, kvHeads, headSize, dtype = 'float32' }: CacheShape): number {
  const scaleBytes = dtype === 'int8' ? 2 * 4 : 0;
  const tokenBytes = (headSize + paddedHeadSize(headSize)) * bytesPerElement(dtype) + scaleBytes;
  return numBlocks * kvHeads * CACHE_BLOCK_SIZE * tokenBytes;
}

/** Element types as the kernels know them. */
export const CACHE_DTYPE_CODES = {
  float32: 0,
  bfloat16: 1,
  float16: 2,
  int8: 3,
} as const satisfies Record<CacheDType, number>;
