// Tiles of four or two rows of input times a panel of weights of 4 bits, with sums of 16 bits as in linear-int4-row.ts.

import {
  addScaled, dotPairs, highScales, INT4, INT4_MINIMA, INT4_WIDE, LOW_HALVES, lowScales, scaleBytes,
} from './quantized-layout';

/** sums [height][8] += tile · `blocks` blocks of a panel; the height is 4 or 2. */
export function multiplyTileInt4(
  sums: usize, codes: usize, scales: usize, totals: usize, panel: usize, blocks: i32, height: i32, dtype: i32,
): void {
  if (dtype == INT4) {
    if (height == 4) multiplyTile(sums, codes, scales, totals, panel, blocks, 4, INT4);
    else multiplyTile(sums, codes, scales, totals, panel, blocks, 2, INT4);
  } else if (dtype == INT4_WIDE) {
    if (height == 4) multiplyTile(sums, codes, scales, totals, panel, blocks, 4, INT4_WIDE);
    else multiplyTile(sums, codes, scales, totals, panel, blocks, 2, INT4_WIDE);
  } else if (height == 4) multiplyTile(sums, codes, scales, totals, panel, blocks, 4, INT4_MINIMA);
  else multiplyTile(sums, codes, scales, totals, panel, blocks, 2, INT4_MINIMA);
}

// @ts-ignore: decorator
@inline
function multiplyTile(
  sums: usize, codes: usize, scales: usize, totals: usize, panel: usize, blocks: i32, height: i32, dtype: i32,
): void {
  const stop = panel + <usize>blocks * (128 + scaleBytes(dtype));
  const mask = v128.load(LOW_HALVES);
  do {
    let a0 = i16x8.splat(0), b0 = a0, a1 = a0, b1 = a0, a2 = a0, b2 = a0, a3 = a0, b3 = a0;
    const end = panel + 128;
    while (true) {
      const a = v128.load(panel);
      const lowA = v128.and(a, mask), highA = v128.and(i16x8.shr_u(a, 4), mask);
      const b = v128.load(panel, 16);
      const lowB = v128.and(b, mask), highB = v128.and(i16x8.shr_u(b, 4), mask);
      let x = v128.load_splat<u32>(codes), y = v128.load_splat<u32>(codes, 4);
      a0 = i16x8.add(i16x8.add(a0, dotPairs(x, lowA)), dotPairs(y, highA));
      b0 = i16x8.add(i16x8.add(b0, dotPairs(x, lowB)), dotPairs(y, highB));
      if (stop == 0) break; // never: it keeps V8 from loading all of the turn's operands at once
      x = v128.load_splat<u32>(codes, 8);
      y = v128.load_splat<u32>(codes, 12);
      a1 = i16x8.add(i16x8.add(a1, dotPairs(x, lowA)), dotPairs(y, highA));
      b1 = i16x8.add(i16x8.add(b1, dotPairs(x, lowB)), dotPairs(y, highB));
      if (height > 2) {
        if (stop == 0) break;
        x = v128.load_splat<u32>(codes, 16);
        y = v128.load_splat<u32>(codes, 20);
        a2 = i16x8.add(i16x8.add(a2, dotPairs(x, lowA)), dotPairs(y, highA));
        b2 = i16x8.add(i16x8.add(b2, dotPairs(x, lowB)), dotPairs(y, highB));
        if (stop == 0) break;
        x = v128.load_splat<u32>(codes, 24);
        y = v128.load_splat<u32>(codes, 28);
        a3 = i16x8.add(i16x8.add(a3, dotPairs(x, lowA)), dotPairs(y, highA));
        b3 = i16x8.add(i16x8.add(b3, dotPairs(x, lowB)), dotPairs(y, highB));
      }
      codes += <usize>height * 8;
      panel += 32;
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
function addBlock(sums: usize, a: v128, b: v128, factors: usize, scales: usize, totals: usize, dtype: i32): void {
  const scale = v128.load_splat<f32>(scales);
  const total = v128.load_splat<u32>(totals);
  let low = i32x4.extadd_pairwise_i16x8_s(a);
  let high = i32x4.extadd_pairwise_i16x8_s(b);
  if (dtype != INT4_MINIMA) {
    const offset = i32x4.shl(total, 3);
    low = i32x4.sub(low, offset);
    high = i32x4.sub(high, offset);
  }
  let lowSums = addScaled(v128.load(sums), low, f32x4.mul(lowScales(factors, dtype), scale));
  let highSums = addScaled(v128.load(sums, 16), high, f32x4.mul(highScales(factors, dtype), scale));
  if (dtype == INT4_MINIMA) {
    lowSums = addScaled(lowSums, total, f32x4.mul(v128.load(factors, 32), scale));
    highSums = addScaled(highSums, total, f32x4.mul(v128.load(factors, 48), scale));
  }
  v128.store(sums, lowSums);
  v128.store(sums, highSums, 16);
}
