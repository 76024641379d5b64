// Where the codes of a quantised matrix (N rows = outputs, K columns = inputs) lie: [N/8][K/32] blocks of 8 rows by 32
// columns, rows and columns past the last of anything. Lanes are rows, as in linear-layout.ts.
//
// A block of 8 bits: [8 quads of columns][8 rows][4 columns], then the scales of the rows. Behind all blocks are the sums of
// the codes of each row of each, [N/8][K/32][8] of 16 bits, interleaved like scales. linear-int8-tile.ts wants them; a single
// row of input does not, and leaves them in memory.
// A block of 4 bits: [4 octets of columns][8 rows][4 bytes], a byte with column i in its low half and column 4 + i in its
// high half, code + 8 where the scheme is symmetric; then the scales, and the minima where it is not.
//
// Scales of 16 bits are bfloat16, interleaved: of the four 32-bit words, the low halves are rows 0..3, the high rows 4..7.
// Others, and minima, are float32. Groups of more than 32 columns have their scale in each of their blocks.
//
// The host's copy of these sizes is ../quantized-layout.ts.

/** 8 bits, scales of 16. */
export const INT8: i32 = 3;
/** 8 bits, scales of float32. */
export const INT8_WIDE: i32 = 4;
/** 4 bits, scales of 16. */
export const INT4: i32 = 5;
/** 4 bits, scales of float32. */
export const INT4_WIDE: i32 = 6;
/** 4 bits, scales and minima of float32. */
export const INT4_MINIMA: i32 = 7;

/** Rows of a block. */
export const PANEL_ROWS: i32 = 8;
/** Columns of a block. */
export const BLOCK: i32 = 32;
/** Bytes of the sums of the rows of a block of 8 bits. */
export const SUM_BYTES: usize = 16;

// Constants come from memory: V8 rebuilds a literal vector at each use.
const CONSTANTS = memory.data<u32>([
  0xffff0000, 0xffff0000, 0xffff0000, 0xffff0000,
  0x0f0f0f0f, 0x0f0f0f0f, 0x0f0f0f0f, 0x0f0f0f0f,
  0x00010001, 0x00010001, 0x00010001, 0x00010001,
  0x0000ffc0, 0x0000ffc0, 0x0000ffc0, 0x0000ffc0,
  0xffc00000, 0xffc00000, 0xffc00000, 0xffc00000,
], 16);

/** Addresses of vectors: the low halves of bytes, 1 in 16-bit lanes, −64 in the low and in the high halves of words. */
export const LOW_HALVES = CONSTANTS + 16;
export const ONES_16 = CONSTANTS + 32;
export const LOW_MINUS_64 = CONSTANTS + 48;
export const HIGH_MINUS_64 = CONSTANTS + 64;

// @ts-ignore: decorator
@inline
export function isQuantized(dtype: i32): bool {
  return dtype >= INT8;
}

// @ts-ignore: decorator
@inline
export function hasByteCodes(dtype: i32): bool {
  return dtype <= INT8_WIDE;
}

// @ts-ignore: decorator
@inline
export function codeBytes(dtype: i32): usize {
  return hasByteCodes(dtype) ? 256 : 128;
}

/** Bytes of the scales, and minima, of a block. */
// @ts-ignore: decorator
@inline
export function scaleBytes(dtype: i32): usize {
  if (dtype == INT8 || dtype == INT4) return 16;
  return dtype == INT4_MINIMA ? 64 : 32;
}

export function blockBytes(dtype: i32): usize {
  return codeBytes(dtype) + scaleBytes(dtype);
}

/** Where the sums of codes of a matrix of 8 bits begin. */
export function codeSums(matrix: usize, rows: i32, columns: i32, dtype: i32): usize {
  return matrix + <usize>((rows + (PANEL_ROWS - 1)) / PANEL_ROWS * numBlocks(columns)) * blockBytes(dtype);
}

/** Where the 16-bit scale of a row is among those of its block. */
// @ts-ignore: decorator
@inline
export function narrowSlot(lane: i32): usize {
  return <usize>(((lane & 3) << 2) | ((lane >> 2) << 1));
}

// @ts-ignore: decorator
@inline
export function numBlocks(columns: i32): i32 {
  return (columns + (BLOCK - 1)) / BLOCK;
}

/** The scales of rows 0..3, which begin at `address`. */
// @ts-ignore: decorator
@inline
export function lowScales(address: usize, dtype: i32): v128 {
  const words = v128.load(address);
  return dtype == INT8 || dtype == INT4 ? i32x4.shl(words, 16) : words;
}

/** The scales of rows 4..7. */
// @ts-ignore: decorator
@inline
export function highScales(address: usize, dtype: i32): v128 {
  if (dtype == INT8 || dtype == INT4) return v128.and(v128.load(address), v128.load(CONSTANTS));
  return v128.load(address, 16);
}

/** sums + products · factors, rounded twice: the same bits on every machine. */
// @ts-ignore: decorator
@inline
export function addScaled(sums: v128, products: v128, factors: v128): v128 {
  return f32x4.add(sums, f32x4.mul(f32x4.convert_i32x4_s(products), factors));
}

/** What sums of a block of 4 bits begin at, by the total of the input (quantize-input.ts). They may wrap around, the result does not. */
// @ts-ignore: decorator
@inline
export function firstSums4(total: usize, dtype: i32): v128 {
  return dtype == INT4_MINIMA ? i16x8.splat(0) : v128.load_splat<u32>(total);
}

/** −1 times the sum of the input's codes of a block, from their total. */
// @ts-ignore: decorator
@inline
export function negativeSum(total: usize): v128 {
  return i32x4.shr_s(i32x4.extadd_pairwise_i16x8_s(v128.load_splat<u32>(total)), 3);
}

/** sums − products · factors, rounded as in addScaled. */
// @ts-ignore: decorator
@inline
export function subtractScaled(sums: v128, products: v128, factors: v128): v128 {
  return f32x4.sub(sums, f32x4.mul(f32x4.convert_i32x4_s(products), factors));
}

/**
 * Sums of pairs of products of bytes, signed by 0..127, as 16-bit lanes. |a · b + a' · b'| is at most 2 · 128 · 127, which 16 bits
 * hold: so machines that saturate and machines that do not agree.
 */
// @ts-ignore: decorator
@inline
export function dotPairs(signed: v128, sevenBits: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i16x8.relaxed_dot_i8x16_i7x16_s(signed, sevenBits);
  const even = i16x8.mul(i16x8.shr_s(i16x8.shl(signed, 8), 8), i16x8.shr_u(i16x8.shl(sevenBits, 8), 8));
  return i16x8.add(even, i16x8.mul(i16x8.shr_s(signed, 8), i16x8.shr_u(sevenBits, 8)));
}
