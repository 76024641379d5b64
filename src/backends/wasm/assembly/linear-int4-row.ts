// One row of input times weights of 4 bits; streams as in linear-int8-row.ts. Products of a block add up in 16 bits: at
// most 8 · 2 · 15 · 127 = 30480.

import {
  addScaled, dotPairs, firstSums4, highScales, INT4, INT4_MINIMA, INT4_WIDE, LOW_HALVES, lowScales, negativeSum, scaleBytes,
  subtractScaled,
} from './quantized-layout';

/** sums [4 panels][8] = row · panels at p0 … p3, of `blocks` blocks each. */
export function multiplyRowInt4(
  sums: usize, codes: usize, scales: usize, totals: usize, p0: usize, p1: usize, p2: usize, p3: usize, blocks: i32,
  dtype: i32,
): void {
  if (dtype == INT4) multiplyRow(sums, codes, scales, totals, p0, p1, p2, p3, blocks, INT4);
  else if (dtype == INT4_WIDE) multiplyRow(sums, codes, scales, totals, p0, p1, p2, p3, blocks, INT4_WIDE);
  else multiplyRow(sums, codes, scales, totals, p0, p1, p2, p3, blocks, INT4_MINIMA);
}

/** Products of four rows by eight columns, added to 16-bit sums. */
// @ts-ignore: decorator
@inline
function addProducts(sums: v128, weights: v128, low: v128, high: v128, mask: v128): v128 {
  const first = i16x8.add(sums, dotPairs(low, v128.and(weights, mask)));
  return i16x8.add(first, dotPairs(high, v128.and(i16x8.shr_u(weights, 4), mask)));
}

/** Adds the products of a block times both scales. */
// @ts-ignore: decorator
@inline
function addBlock(sums: v128, products: v128, factors: v128): v128 {
  return addScaled(sums, i32x4.extadd_pairwise_i16x8_s(products), factors);
}

// @ts-ignore: decorator
@inline
function multiplyRow(
  sums: usize, codes: usize, scales: usize, totals: usize, p0: usize, p1: usize, p2: usize, p3: usize, blocks: i32,
  dtype: i32,
): void {
  const stop = p0 + <usize>blocks * (128 + scaleBytes(dtype));
  const mask = v128.load(LOW_HALVES);
  let a0 = f32x4.splat(0), b0 = a0, a1 = a0, b1 = a0, a2 = a0, b2 = a0, a3 = a0, b3 = a0;
  while (true) {
    const end = p0 + 128;
    let c0 = firstSums4(totals, dtype), d0 = c0, c1 = c0, d1 = c0, c2 = c0, d2 = c0, c3 = c0, d3 = c0;
    while (true) {
      const x = v128.load(codes);
      let low = v128.shuffle<i32>(x, x, 0, 0, 0, 0);
      let high = v128.shuffle<i32>(x, x, 1, 1, 1, 1);
      c0 = addProducts(c0, v128.load(p0), low, high, mask);
      d0 = addProducts(d0, v128.load(p0, 16), low, high, mask);
      c1 = addProducts(c1, v128.load(p1), low, high, mask);
      d1 = addProducts(d1, v128.load(p1, 16), low, high, mask);
      c2 = addProducts(c2, v128.load(p2), low, high, mask);
      d2 = addProducts(d2, v128.load(p2, 16), low, high, mask);
      c3 = addProducts(c3, v128.load(p3), low, high, mask);
      d3 = addProducts(d3, v128.load(p3, 16), low, high, mask);
      if (stop == 0) break; // never: it keeps V8 from loading all of the turn's operands at once
      low = v128.shuffle<i32>(x, x, 2, 2, 2, 2);
      high = v128.shuffle<i32>(x, x, 3, 3, 3, 3);
      c0 = addProducts(c0, v128.load(p0, 32), low, high, mask);
      d0 = addProducts(d0, v128.load(p0, 48), low, high, mask);
      c1 = addProducts(c1, v128.load(p1, 32), low, high, mask);
      d1 = addProducts(d1, v128.load(p1, 48), low, high, mask);
      c2 = addProducts(c2, v128.load(p2, 32), low, high, mask);
      d2 = addProducts(d2, v128.load(p2, 48), low, high, mask);
      c3 = addProducts(c3, v128.load(p3, 32), low, high, mask);
      d3 = addProducts(d3, v128.load(p3, 48), low, high, mask);
      p0 += 64;
      p1 += 64;
      p2 += 64;
      p3 += 64;
      codes += 16;
      if (p0 >= end) break;
    }
    const scale = v128.load_splat<f32>(scales);
    a0 = addBlock(a0, c0, f32x4.mul(lowScales(p0, dtype), scale));
    b0 = addBlock(b0, d0, f32x4.mul(highScales(p0, dtype), scale));
    a1 = addBlock(a1, c1, f32x4.mul(lowScales(p1, dtype), scale));
    b1 = addBlock(b1, d1, f32x4.mul(highScales(p1, dtype), scale));
    a2 = addBlock(a2, c2, f32x4.mul(lowScales(p2, dtype), scale));
    b2 = addBlock(b2, d2, f32x4.mul(highScales(p2, dtype), scale));
    a3 = addBlock(a3, c3, f32x4.mul(lowScales(p3, dtype), scale));
    b3 = addBlock(b3, d3, f32x4.mul(highScales(p3, dtype), scale));
    if (dtype == INT4_MINIMA) {
      const negative = negativeSum(totals);
      a0 = subtractScaled(a0, negative, f32x4.mul(v128.load(p0, 32), scale));
      b0 = subtractScaled(b0, negative, f32x4.mul(v128.load(p0, 48), scale));
      a1 = subtractScaled(a1, negative, f32x4.mul(v128.load(p1, 32), scale));
      b1 = subtractScaled(b1, negative, f32x4.mul(v128.load(p1, 48), scale));
      a2 = subtractScaled(a2, negative, f32x4.mul(v128.load(p2, 32), scale));
      b2 = subtractScaled(b2, negative, f32x4.mul(v128.load(p2, 48), scale));
      a3 = subtractScaled(a3, negative, f32x4.mul(v128.load(p3, 32), scale));
      b3 = subtractScaled(b3, negative, f32x4.mul(v128.load(p3, 48), scale));
    }
    p0 += scaleBytes(dtype);
    p1 += scaleBytes(dtype);
    p2 += scaleBytes(dtype);
    p3 += scaleBytes(dtype);
    scales += 4;
    totals += 4;
    if (p0 >= stop) break;
  }
  v128.store(sums, a0);
  v128.store(sums, b0, 16);
  v128.store(sums, a1, 32);
  v128.store(sums, b1, 48);
  v128.store(sums, a2, 64);
  v128.store(sums, b2, 80);
  v128.store(sums, a3, 96);
  v128.store(sums, b3, 112);
}
