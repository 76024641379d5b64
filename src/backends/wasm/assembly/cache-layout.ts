// How a paged cache lies in memory: all keys, then all values, each (key/value head, block). The blocks of a head follow
// each other, so that a walk over them is one stream for the prefetcher.
//
// Keys of a block: [D][16 tokens]; lanes are tokens, and a score needs no horizontal sum.
// Values of a block: D padded to 8 and cut into parts of 32 (the last may be narrower), each [16 tokens][part]: the
// accumulators of a part fit the registers, and its pass over the values is contiguous.
//
// The host's side is ../cache-layout.ts.

export const BLOCK: i32 = 16;
/** Dimensions of one part of the values. */
export const PART: i32 = 32;

// @ts-ignore: decorator
@inline
export function paddedHeadSize(headSize: i32): i32 {
  return (headSize + 7) & ~7;
}

/** Address of the keys of a block. */
// @ts-ignore: decorator
@inline
export function keysAddress(cache: usize, numBlocks: i32, headSize: i32, kvHead: i32, block: i32): usize {
  return cache + (<usize>(kvHead * numBlocks + block) * <usize>headSize << 6);
}

/** Address of the values of a block. */
// @ts-ignore: decorator
@inline
export function valuesAddress(
  cache: usize, numBlocks: i32, kvHeads: i32, headSize: i32, kvHead: i32, block: i32,
): usize {
  const values = keysAddress(cache, numBlocks, headSize, kvHeads, 0);
  return values + (<usize>(kvHead * numBlocks + block) * <usize>paddedHeadSize(headSize) << 6);
}

/** Dimensions of the part that begins with dimension `d`. */
// @ts-ignore: decorator
@inline
export function partWidth(headSize: i32, d: i32): i32 {
  return min(PART, paddedHeadSize(headSize) - d);
}
