// Tiles of four or two rows of input times a panel of weights of 8 bits. Products are of bytes: codes of input have 64 added, to
// be 1..127, and sums begin at −64 · Σ weights, for which the sums of weights are packed too (quantized-layout.ts).

import {
  addScaled, dotPairs, HIGH_MINUS_64, highScales, INT8, INT8_WIDE, LOW_MINUS_64, lowScales, ONES_16, scaleBytes, SUM_BYTES,
} from './quantized-layout';

/** sums [height][8] += tile · `blocks` blocks of a panel, whose codes have the sums `codeSums`; the height is 4 or 2. */
// @ts-ignore: decorator
@inline
export function multiplyTileInt8(
  sums: usize, codes: usize, scales: usize, panel: usize, codeSums: usize, blocks: i32, height: i32, dtype: i32,
): void {
  if (dtype == INT8) {
    if (height == 4) multiplyFour(sums, codes, scales, panel, codeSums, blocks);
    else multiplyTwo(sums, codes, scales, panel, codeSums, blocks);
  } else if (height == 4) multiplyFourWide(sums, codes, scales, panel, codeSums, blocks);
  else multiplyTwoWide(sums, codes, scales, panel, codeSums, blocks);
}

// Each loop is alone in a function that is called more than once, as in linear-few-half.ts.

function multiplyFour(sums: usize, codes: usize, scales: usize, panel: usize, codeSums: usize, blocks: i32): void {
  multiplyTile(sums, codes, scales, panel, codeSums, blocks, 4, INT8);
}

function multiplyTwo(sums: usize, codes: usize, scales: usize, panel: usize, codeSums: usize, blocks: i32): void {
  multiplyTile(sums, codes, scales, panel, codeSums, blocks, 2, INT8);
}

function multiplyFourWide(sums: usize, codes: usize, scales: usize, panel: usize, codeSums: usize, blocks: i32): void {
  multiplyTile(sums, codes, scales, panel, codeSums, blocks, 4, INT8_WIDE);
}

function multiplyTwoWide(sums: usize, codes: usize, scales: usize, panel: usize, codeSums: usize, blocks: i32): void {
  multiplyTile(sums, codes, scales, panel, codeSums, blocks, 2, INT8_WIDE);
}

/** Products of four rows of weights by four columns, added to 32-bit sums. */
// @ts-ignore: decorator
@inline
function addProducts(sums: v128, weights: v128, input: v128, ones: v128): v128 {
  return i32x4.add(sums, i32x4.dot_i16x8_s(dotPairs(weights, input), ones));
}

// @ts-ignore: decorator
@inline
function multiplyTile(
  sums: usize, codes: usize, scales: usize, panel: usize, codeSums: usize, blocks: i32, height: i32, dtype: i32,
): void {
  const stop = panel + <usize>blocks * (256 + scaleBytes(dtype));
  const ones = v128.load(ONES_16);
  do {
    let a0 = i32x4.dot_i16x8_s(v128.load(codeSums), v128.load(LOW_MINUS_64));
    let b0 = i32x4.dot_i16x8_s(v128.load(codeSums), v128.load(HIGH_MINUS_64));
    let a1 = a0, b1 = b0, a2 = a0, b2 = b0, a3 = a0, b3 = b0;
    const end = panel + 256;
    while (true) {
      const a = v128.load(panel);
      const b = v128.load(panel, 16);
      let x = v128.load_splat<u32>(codes);
      a0 = addProducts(a0, a, x, ones);
      b0 = addProducts(b0, b, x, ones);
      x = v128.load_splat<u32>(codes, 4);
      a1 = addProducts(a1, a, x, ones);
      b1 = addProducts(b1, b, x, ones);
      if (height > 2) {
        if (stop == 0) break; // never: it keeps V8 from loading all of the turn's operands at once
        x = v128.load_splat<u32>(codes, 8);
        a2 = addProducts(a2, a, x, ones);
        b2 = addProducts(b2, b, x, ones);
        x = v128.load_splat<u32>(codes, 12);
        a3 = addProducts(a3, a, x, ones);
        b3 = addProducts(b3, b, x, ones);
      }
      codes += <usize>height * 4;
      panel += 32;
      if (panel >= end) break;
    }
    const low = lowScales(panel, dtype);
    const high = highScales(panel, dtype);
    addBlock(sums, a0, b0, low, high, v128.load_splat<f32>(scales));
    addBlock(sums + 32, a1, b1, low, high, v128.load_splat<f32>(scales, 4));
    if (height > 2) {
      addBlock(sums + 64, a2, b2, low, high, v128.load_splat<f32>(scales, 8));
      addBlock(sums + 96, a3, b3, low, high, v128.load_splat<f32>(scales, 12));
    }
    panel += scaleBytes(dtype);
    codeSums += SUM_BYTES;
    scales += <usize>height * 4;
  } while (panel < stop);
}

// @ts-ignore: decorator
@inline
function addBlock(sums: usize, a: v128, b: v128, low: v128, high: v128, scale: v128): void {
  v128.store(sums, addScaled(v128.load(sums), a, f32x4.mul(low, scale)));
  v128.store(sums, addScaled(v128.load(sums, 16), b, f32x4.mul(high, scale)), 16);
}
