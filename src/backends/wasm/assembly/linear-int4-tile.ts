// Tiles of four or two rows of input times a panel of weights of 4 bits, with sums of 16 bits as in linear-int4-row.ts. Where
// many tiles go over a panel, its codes are unpacked to bytes first.

import {
  addScaled, dotPairs, firstSums4, highScales, INT4, INT4_MINIMA, INT4_WIDE, LOW_HALVES, lowScales, negativeSum, scaleBytes,
  subtractScaled,
} from './quantized-layout';

/** sums [height][8] += tile · `blocks` blocks of a panel; the height is 4 or 2. */
// @ts-ignore: decorator
@inline
export function multiplyTileInt4(
  sums: usize, codes: usize, scales: usize, totals: usize, panel: usize, blocks: i32, height: i32, dtype: i32,
): void {
  if (dtype == INT4) {
    if (height == 4) multiplyFour(sums, codes, scales, totals, panel, blocks);
    else multiplyTwo(sums, codes, scales, totals, panel, blocks);
  } else if (dtype == INT4_WIDE) {
    if (height == 4) multiplyFourWide(sums, codes, scales, totals, panel, blocks);
    else multiplyTwoWide(sums, codes, scales, totals, panel, blocks);
  } else if (height == 4) multiplyFourMinima(sums, codes, scales, totals, panel, blocks);
  else multiplyTwoMinima(sums, codes, scales, totals, panel, blocks);
}

/** sums [4][8] += tile of four rows · all blocks of a panel, whose codes are bytes at `bytes`. */
// @ts-ignore: decorator
@inline
export function multiplyUnpackedInt4(
  sums: usize, codes: usize, scales: usize, totals: usize, panel: usize, bytes: usize, blocks: i32, dtype: i32,
): void {
  if (dtype == INT4) multiplyUnpacked(sums, codes, scales, totals, panel, bytes, blocks);
  else if (dtype == INT4_WIDE) multiplyUnpackedWide(sums, codes, scales, totals, panel, bytes, blocks);
  else multiplyUnpackedMinima(sums, codes, scales, totals, panel, bytes, blocks);
}

/** The codes of a panel as bytes: [K/8] low and high halves of rows 0..3, low and high halves of rows 4..7. */
export function unpackPanel(bytes: usize, panel: usize, blocks: i32, dtype: i32): void {
  const mask = v128.load(LOW_HALVES);
  for (let block = 0; block < blocks; block++, panel += scaleBytes(dtype)) {
    for (const end = panel + 128; panel < end; panel += 16, bytes += 32) {
      const weights = v128.load(panel);
      v128.store(bytes, v128.and(weights, mask));
      v128.store(bytes, v128.and(i16x8.shr_u(weights, 4), mask), 16);
    }
  }
}

// Each loop is alone in a function that is called more than once, as in linear-few-half.ts.

function multiplyUnpacked(
  sums: usize, codes: usize, scales: usize, totals: usize, panel: usize, bytes: usize, blocks: i32,
): void {
  multiplyTile(sums, codes, scales, totals, panel, bytes, blocks, 4, INT4, true);
}

function multiplyUnpackedWide(
  sums: usize, codes: usize, scales: usize, totals: usize, panel: usize, bytes: usize, blocks: i32,
): void {
  multiplyTile(sums, codes, scales, totals, panel, bytes, blocks, 4, INT4_WIDE, true);
}

function multiplyUnpackedMinima(
  sums: usize, codes: usize, scales: usize, totals: usize, panel: usize, bytes: usize, blocks: i32,
): void {
  multiplyTile(sums, codes, scales, totals, panel, bytes, blocks, 4, INT4_MINIMA, true);
}

function multiplyFour(sums: usize, codes: usize, scales: usize, totals: usize, panel: usize, blocks: i32): void {
  multiplyTile(sums, codes, scales, totals, panel, 0, blocks, 4, INT4, false);
}

function multiplyTwo(sums: usize, codes: usize, scales: usize, totals: usize, panel: usize, blocks: i32): void {
  multiplyTile(sums, codes, scales, totals, panel, 0, blocks, 2, INT4, false);
}

function multiplyFourWide(sums: usize, codes: usize, scales: usize, totals: usize, panel: usize, blocks: i32): void {
  multiplyTile(sums, codes, scales, totals, panel, 0, blocks, 4, INT4_WIDE, false);
}

function multiplyTwoWide(sums: usize, codes: usize, scales: usize, totals: usize, panel: usize, blocks: i32): void {
  multiplyTile(sums, codes, scales, totals, panel, 0, blocks, 2, INT4_WIDE, false);
}

function multiplyFourMinima(sums: usize, codes: usize, scales: usize, totals: usize, panel: usize, blocks: i32): void {
  multiplyTile(sums, codes, scales, totals, panel, 0, blocks, 4, INT4_MINIMA, false);
}

function multiplyTwoMinima(sums: usize, codes: usize, scales: usize, totals: usize, panel: usize, blocks: i32): void {
  multiplyTile(sums, codes, scales, totals, panel, 0, blocks, 2, INT4_MINIMA, false);
}

/** Products of four rows of weights by eight columns, added to 16-bit sums. */
// @ts-ignore: decorator
@inline
function addProducts(sums: v128, x: v128, y: v128, low: v128, high: v128): v128 {
  return i16x8.add(i16x8.add(sums, dotPairs(x, low)), dotPairs(y, high));
}

// @ts-ignore: decorator
@inline
function multiplyTile(
  sums: usize, codes: usize, scales: usize, totals: usize, panel: usize, bytes: usize, blocks: i32, height: i32, dtype: i32,
  isUnpacked: bool,
): void {
  const stop = panel + <usize>blocks * (128 + scaleBytes(dtype));
  do {
    let a0 = firstSums4(totals, dtype), a1 = firstSums4(totals + 4, dtype), a2 = a0, a3 = a0;
    if (height > 2) {
      a2 = firstSums4(totals + 8, dtype);
      a3 = firstSums4(totals + 12, dtype);
    }
    let b0 = a0, b1 = a1, b2 = a2, b3 = a3;
    const end = panel + 128;
    while (true) {
      // No address is so small: the breaks keep V8 from loading all of the turn's operands at once, each by a condition of
      // its own, since a second one like the first goes.
      let la: v128, ha: v128, lb: v128, hb: v128;
      if (isUnpacked) {
        la = v128.load(bytes);
        ha = v128.load(bytes, 16);
        lb = v128.load(bytes, 32);
        hb = v128.load(bytes, 48);
      } else {
        const mask = v128.load(LOW_HALVES);
        const first = v128.load(panel), second = v128.load(panel, 16);
        la = v128.and(first, mask);
        ha = v128.and(i16x8.shr_u(first, 4), mask);
        lb = v128.and(second, mask);
        hb = v128.and(i16x8.shr_u(second, 4), mask);
      }
      let x = v128.load_splat<u32>(codes), y = v128.load_splat<u32>(codes, 4);
      a0 = addProducts(a0, x, y, la, ha);
      b0 = addProducts(b0, x, y, lb, hb);
      if (codes == 1) break;
      x = v128.load_splat<u32>(codes, 8);
      y = v128.load_splat<u32>(codes, 12);
      a1 = addProducts(a1, x, y, la, ha);
      b1 = addProducts(b1, x, y, lb, hb);
      if (height > 2) {
        if (codes == 2) break;
        x = v128.load_splat<u32>(codes, 16);
        y = v128.load_splat<u32>(codes, 20);
        a2 = addProducts(a2, x, y, la, ha);
        b2 = addProducts(b2, x, y, lb, hb);
        if (codes == 3) break;
        x = v128.load_splat<u32>(codes, 24);
        y = v128.load_splat<u32>(codes, 28);
        a3 = addProducts(a3, x, y, la, ha);
        b3 = addProducts(b3, x, y, lb, hb);
      }
      codes += <usize>height * 8;
      panel += 32;
      bytes += 64;
      if (panel >= end) break;
    }
    addBlock(sums, a0, b0, panel, scales, totals, dtype);
    addBlock(sums + 32, a1, b1, panel, scales + 4, totals + 4, dtype);
    if (height > 2) {
      addBlock(sums + 64, a2, b2, panel, scales + 8, totals + 8, dtype);
      addBlock(sums + 96, a3, b3, panel, scales + 12, totals + 12, dtype);
    }
    panel += scaleBytes(dtype);
    scales += <usize>height * 4;
    totals += <usize>height * 4;
  } while (panel < stop);
}

/** Adds the products of a block to the sums of a row. */
// @ts-ignore: decorator
@inline
function addBlock(sums: usize, a: v128, b: v128, factors: usize, scales: usize, total: usize, dtype: i32): void {
  const scale = v128.load_splat<f32>(scales);
  const low = i32x4.extadd_pairwise_i16x8_s(a);
  const high = i32x4.extadd_pairwise_i16x8_s(b);
  let lowSums = addScaled(v128.load(sums), low, f32x4.mul(lowScales(factors, dtype), scale));
  let highSums = addScaled(v128.load(sums, 16), high, f32x4.mul(highScales(factors, dtype), scale));
  if (dtype == INT4_MINIMA) {
    const negative = negativeSum(total);
    lowSums = subtractScaled(lowSums, negative, f32x4.mul(v128.load(factors, 32), scale));
    highSums = subtractScaled(highSums, negative, f32x4.mul(v128.load(factors, 48), scale));
  }
  v128.store(sums, lowSums);
  v128.store(sums, highSums, 16);
}
