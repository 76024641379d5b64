// One row of input times weights of 8 bits. A thread walks four panels at once, from the four quarters of its range, as
// linear-few.ts does. Codes of input are words of 16 bits here, so that products of pairs add up in 32 bits: exactly what
// linear-int8-tile.ts has, by fewer instructions for one row.

import { addScaled, highScales, INT8, lowScales, scaleBytes } from './quantized-layout';

/** sums [4 panels][8] = row · panels at p0 … p3, of `blocks` blocks each. */
export function multiplyRowInt8(
  sums: usize, codes: usize, scales: usize, p0: usize, p1: usize, p2: usize, p3: usize, blocks: i32, dtype: i32,
): void {
  if (dtype == INT8) multiplyRow(sums, codes, scales, p0, p1, p2, p3, blocks, INT8);
  else multiplyRow(sums, codes, scales, p0, p1, p2, p3, blocks, INT8 + 1);
}

/** Products of four rows by four columns, added to 32-bit sums. */
// @ts-ignore: decorator
@inline
function addProducts(sums: v128, weights: v128, even: v128, odd: v128): v128 {
  const low = i32x4.dot_i16x8_s(i16x8.shr_s(i16x8.shl(weights, 8), 8), even);
  return i32x4.add(sums, i32x4.add(low, i32x4.dot_i16x8_s(i16x8.shr_s(weights, 8), odd)));
}

// @ts-ignore: decorator
@inline
function multiplyRow(
  sums: usize, codes: usize, scales: usize, p0: usize, p1: usize, p2: usize, p3: usize, blocks: i32, dtype: i32,
): void {
  const stop = p0 + <usize>blocks * (256 + scaleBytes(dtype));
  let a0 = f32x4.splat(0), b0 = a0, a1 = a0, b1 = a0, a2 = a0, b2 = a0, a3 = a0, b3 = a0;
  while (true) {
    const end = p0 + 256;
    let c0 = i32x4.splat(0), d0 = c0, c1 = c0, d1 = c0, c2 = c0, d2 = c0, c3 = c0, d3 = c0;
    while (true) {
      const even = v128.load_splat<u32>(codes), odd = v128.load_splat<u32>(codes, 4);
      c0 = addProducts(c0, v128.load(p0), even, odd);
      d0 = addProducts(d0, v128.load(p0, 16), even, odd);
      c1 = addProducts(c1, v128.load(p1), even, odd);
      d1 = addProducts(d1, v128.load(p1, 16), even, odd);
      c2 = addProducts(c2, v128.load(p2), even, odd);
      d2 = addProducts(d2, v128.load(p2, 16), even, odd);
      c3 = addProducts(c3, v128.load(p3), even, odd);
      d3 = addProducts(d3, v128.load(p3, 16), even, odd);
      p0 += 32;
      p1 += 32;
      p2 += 32;
      p3 += 32;
      codes += 8;
      if (p0 >= end) break;
    }
    const scale = v128.load_splat<f32>(scales);
    a0 = addScaled(a0, c0, f32x4.mul(lowScales(p0, dtype), scale));
    b0 = addScaled(b0, d0, f32x4.mul(highScales(p0, dtype), scale));
    a1 = addScaled(a1, c1, f32x4.mul(lowScales(p1, dtype), scale));
    b1 = addScaled(b1, d1, f32x4.mul(highScales(p1, dtype), scale));
    a2 = addScaled(a2, c2, f32x4.mul(lowScales(p2, dtype), scale));
    b2 = addScaled(b2, d2, f32x4.mul(highScales(p2, dtype), scale));
    a3 = addScaled(a3, c3, f32x4.mul(lowScales(p3, dtype), scale));
    b3 = addScaled(b3, d3, f32x4.mul(highScales(p3, dtype), scale));
    p0 += scaleBytes(dtype);
    p1 += scaleBytes(dtype);
    p2 += scaleBytes(dtype);
    p3 += scaleBytes(dtype);
    scales += 4;
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
