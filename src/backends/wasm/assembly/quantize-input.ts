// Rows of input as codes of few bits (Operations.linear says how), laid out for the kernels that multiply them.
//
// Rows are in tiles of four, the last of two where one or two are left: [tile][K/4][rows][4] bytes for weights of 8 bits,
// with 64 added, and [tile][K/8][rows][8] for 4 bits; scales (float32), and for 4 bits totals, are [tile][K/32][rows]. A total
// is two words of 16 bits: −8 times the sum of the codes of columns 0 and 1 of each four, and of columns 2 and 3, which is
// what products of symmetric codes of weights, with 8 added, have too much. A single row for weights of 8 bits is [K/4] words
// of 16 bits, columns 0, 2, 1 and 3 of each four; one for 4 bits is a tile of one.

import { firstItem } from './linear-layout';
import { maxLanes } from './lanes';
import { BLOCK, numBlocks } from './quantized-layout';

/** Blocks whose largest magnitude is less are zeros. */
const LEAST: f32 = 7.888609052210118e-31; // 2⁻¹⁰⁰
/** Adding it to a number of magnitude below 2²² rounds to the nearest integer, ties to even. */
const ROUNDER: f32 = 12582912;

/** `limit` is the largest code, 63 for weights of 8 bits and 127 for 4. `scratch` holds 32 float32, the thread's own. */
export function quantizeInput(
  codes: usize, scales: usize, totals: usize, input: usize, rows: i32, columns: i32, limit: i32, scratch: usize,
  thread: i32, threads: i32,
): void {
  const blocks = numBlocks(columns);
  const end = firstItem(rows * blocks, thread + 1, threads);
  for (let i = firstItem(rows * blocks, thread, threads); i < end; i++) {
    const row = i / blocks;
    const block = i % blocks;
    const height = tileRows(rows, row & ~3);
    const place = row & 3;
    let from = input + (<usize>row * <usize>columns + <usize>block * BLOCK << 2);
    const left = columns - block * BLOCK;
    if (left < BLOCK) {
      memory.fill(scratch, 0, BLOCK * 4);
      memory.copy(scratch, from, <usize>left << 2);
      from = scratch;
    }
    const firstOfTile = <usize>(row & ~3) * <usize>blocks;
    const entry = (firstOfTile + <usize>(block * height + place)) << 2;
    const to = codes + firstOfTile * BLOCK + <usize>(block * height) * BLOCK;
    if (limit == 127) {
      quantizeBlock4(to + (<usize>place << 3), <usize>height << 3, scales + entry, totals + entry, from);
    } else if (rows == 1) {
      quantizeBlockAlone(codes + <usize>block * (BLOCK * 2), scales + entry, from);
    } else {
      quantizeBlock8(to + (<usize>place << 2), <usize>height << 2, scales + entry, from);
    }
    // Rows that only fill their tile up: what they hold counts for nothing, but must not be slow to multiply.
    if (row == rows - 1) {
      for (let more = place + 1; more < height; more++) store<f32>(scales + entry + (<usize>(more - place) << 2), 0);
    }
  }
}

/** Rows of the tile that begins at row `first`. */
export function tileRows(rows: i32, first: i32): i32 {
  const left = rows - first;
  if (left >= 3) return 4;
  return rows == 1 ? 1 : 2;
}

/** Stores the scale of 32 values and returns what to multiply them by. */
// @ts-ignore: decorator
@inline
function storeScale(scale: usize, from: usize, limit: f32): f32 {
  let largest = f32x4.abs(v128.load(from));
  for (let i: usize = 16; i < <usize>BLOCK * 4; i += 16) largest = f32x4.pmax(largest, f32x4.abs(v128.load(from + i)));
  const most = maxLanes(largest);
  if (most < LEAST) {
    store<f32>(scale, 0);
    return 0;
  }
  store<f32>(scale, most / limit);
  return limit / most;
}

/** Four codes as 32-bit lanes. */
// @ts-ignore: decorator
@inline
function fourCodes(from: usize, inverse: v128): v128 {
  const rounder = f32x4.splat(ROUNDER);
  return i32x4.sub(f32x4.add(f32x4.mul(v128.load(from), inverse), rounder), rounder);
}

/** Sixteen codes as bytes. */
// @ts-ignore: decorator
@inline
function sixteenCodes(from: usize, inverse: v128): v128 {
  const low = i16x8.narrow_i32x4_s(fourCodes(from, inverse), fourCodes(from + 16, inverse));
  const high = i16x8.narrow_i32x4_s(fourCodes(from + 32, inverse), fourCodes(from + 48, inverse));
  return i8x16.narrow_i16x8_s(low, high);
}

/** Quads of codes + 64, `stride` bytes apart. */
function quantizeBlock8(to: usize, stride: usize, scale: usize, from: usize): void {
  const inverse = f32x4.splat(storeScale(scale, from, 63));
  for (let i = 0; i < 2; i++, from += 64) {
    const codes = i8x16.add(sixteenCodes(from, inverse), i8x16.splat(64));
    v128.store_lane<u32>(to, codes, 0);
    v128.store_lane<u32>(to + stride, codes, 1);
    v128.store_lane<u32>(to + stride * 2, codes, 2);
    v128.store_lane<u32>(to + stride * 3, codes, 3);
    to += stride * 4;
  }
}

/** Octets of codes, `stride` bytes apart, and their total. */
function quantizeBlock4(to: usize, stride: usize, scale: usize, total: usize, from: usize): void {
  const inverse = f32x4.splat(storeScale(scale, from, 127));
  const first = sixteenCodes(from, inverse);
  const second = sixteenCodes(from + 64, inverse);
  v128.store_lane<u64>(to, first, 0);
  v128.store_lane<u64>(to + stride, first, 1);
  v128.store_lane<u64>(to + stride * 2, second, 0);
  v128.store_lane<u64>(to + stride * 3, second, 1);
  let pairs = i16x8.add(i16x8.extadd_pairwise_i8x16_s(first), i16x8.extadd_pairwise_i8x16_s(second));
  pairs = i16x8.add(pairs, v128.shuffle<i32>(pairs, pairs, 2, 3, 0, 1));
  pairs = i16x8.add(pairs, v128.shuffle<i32>(pairs, pairs, 1, 0, 3, 2));
  v128.store_lane<u32>(total, i16x8.neg(i16x8.shl(pairs, 3)), 0);
}

/** Words of 16 bits, columns 0, 2, 1 and 3 of each four. */
function quantizeBlockAlone(to: usize, scale: usize, from: usize): void {
  const inverse = f32x4.splat(storeScale(scale, from, 63));
  for (let i = 0; i < 4; i++, from += 32, to += 16) {
    const codes = i16x8.narrow_i32x4_s(fourCodes(from, inverse), fourCodes(from + 16, inverse));
    v128.store(to, v128.shuffle<i16>(codes, codes, 0, 2, 1, 3, 4, 6, 5, 7));
  }
}
