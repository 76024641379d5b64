// How a paged cache lies in memory: all keys, then all values, in pieces that the loops over them read from end to end.
//
// Keys: [kvHead][block][D][16 tokens]; lanes are tokens, and a score needs no horizontal sum.
// Values: [kvHead][part of 8 dimensions][block][16 tokens][8 dimensions], D padded to 8.
//
// In 16 bits the elements are half as wide, as codes of 8 bits a quarter; those are followed by their scales, float32
// [kvHead][block][16 tokens] of the keys, then of the values.
//
// A walk over the blocks of a sequence then reads few streams, as far as its blocks follow each other: prefetchers start
// anew at every jump.
//
// The host's side is ../cache-layout.ts.

import { FLOAT32 } from './linear-layout';

/** Tokens of a block. */
export const BLOCK: i32 = 16;
/** Dimensions of one part of the values. */
export const PART: i32 = 8;
/** Codes of 8 bits with a scale for each token and head. Other element types are those of linear-layout.ts. */
export const INT8: i32 = 3;

/** An element takes 1 << shift bytes. */
// @ts-ignore: decorator
@inline
export function elementShift(dtype: i32): i32 {
  return dtype == INT8 ? 0 : dtype == FLOAT32 ? 2 : 1;
}

/** Bytes of a float32 block in one part of the values, and from one token of it to the next. */
export const PART_BLOCK_BYTES: usize = 512;
export const PART_TOKEN_BYTES: usize = 32;

// @ts-ignore: decorator
@inline
export function paddedHeadSize(headSize: i32): i32 {
  return (headSize + 7) & ~7;
}

/** Address of the keys of a block. */
// @ts-ignore: decorator
@inline
export function keysAddress(cache: usize, numBlocks: i32, headSize: i32, kvHead: i32, block: i32, shift: i32): usize {
  return cache + (<usize>(kvHead * numBlocks + block) * <usize>headSize << (4 + shift));
}

/** Address of the values of a head. */
// @ts-ignore: decorator
@inline
export function valuesAddress(cache: usize, numBlocks: i32, kvHeads: i32, headSize: i32, kvHead: i32, shift: i32): usize {
  const values = keysAddress(cache, numBlocks, headSize, kvHeads, 0, shift);
  return values + (<usize>(kvHead * numBlocks) * <usize>paddedHeadSize(headSize) << (4 + shift));
}

/** Address of the scales of a block of codes: of the keys, and so many bytes further of the values. */
// @ts-ignore: decorator
@inline
export function scalesAddress(cache: usize, numBlocks: i32, kvHeads: i32, headSize: i32, kvHead: i32, block: i32): usize {
  return valuesAddress(cache, numBlocks, kvHeads, headSize, kvHeads, 0) + (<usize>(kvHead * numBlocks + block) << 6);
}

// @ts-ignore: decorator
@inline
export function scalesBytes(numBlocks: i32, kvHeads: i32): usize {
  return <usize>(numBlocks * kvHeads) << 6;
}
