// How a paged cache lies in memory: all keys, then all values.
//
// Keys: [kvHead][block][D][16 tokens]; lanes are tokens, and a score needs no horizontal sum.
// Values: D is padded to 8 and cut into parts of 32 dimensions (the last may be narrower), whose accumulators fit the
// registers: [kvHead][part][block][16 tokens][part's dimensions].
//
// A walk over the blocks of a sequence then reads one stream for the keys and one for each part of the values, as far as
// its blocks follow each other: prefetchers start anew at every jump.
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

/** Address of the values of a head. */
// @ts-ignore: decorator
@inline
export function valuesAddress(cache: usize, numBlocks: i32, kvHeads: i32, headSize: i32, kvHead: i32): usize {
  const values = keysAddress(cache, numBlocks, headSize, kvHeads, 0);
  return values + (<usize>(kvHead * numBlocks) * <usize>paddedHeadSize(headSize) << 6);
}

/** Bytes from the values of a head to those of a block in the part of `width` dimensions that begins with dimension `d`. */
// @ts-ignore: decorator
@inline
export function partOffset(numBlocks: i32, d: i32, width: i32, block: i32): usize {
  return (<usize>numBlocks * <usize>d + <usize>block * <usize>width) << 6;
}

/** Dimensions of the part that begins with dimension `d`. */
// @ts-ignore: decorator
@inline
export function partWidth(headSize: i32, d: i32): i32 {
  return min(PART, paddedHeadSize(headSize) - d);
}
