// One row times 16-bit panels [N/8][K][8]: four far-apart streams of eight outputs (see linear-gemv-f32.ts).
//
// bfloat16 widens by a shift (low halves, rows 0..3) and a mask (high halves, rows 4..7).
//
// binary16 widens to w·2⁻¹¹² by moving its exponent and mantissa into place; finite weights only. The input comes scaled by
// 2ˢ, the largest power up to 2¹¹² that cannot overflow it, and the sums leave scaled by 2¹¹²⁻ˢ. Scaling by a power of two
// changes no bit of a sum unless a term is 2⁻¹⁴⁰ of the largest input or less.

import { madd } from './fma';
import { BFLOAT16, firstItem, HALF_PANEL } from './linear-layout';
import { finishSums, storeLanes } from './linear-store';

// Masks come from memory: V8 rebuilds a literal vector at each use.
const MASKS = memory.data<u32>([
  0xffff0000, 0xffff0000, 0xffff0000, 0xffff0000,
  0x8fffe000, 0x8fffe000, 0x8fffe000, 0x8fffe000,
], 16);

export function gemvBfloat16(
  output: usize, input: usize, weight: usize, bias: usize, inputs: i32, outputs: i32, thread: i32, threads: i32,
): void {
  const mask = v128.load(MASKS);
  const panels = (outputs + HALF_PANEL - 1) / HALF_PANEL;
  const begin = firstItem(panels, thread, threads);
  const count = firstItem(panels, thread + 1, threads) - begin;
  const bytes = <usize>inputs * (HALF_PANEL * 2);
  let n0 = begin;
  let n1 = begin + firstItem(count, 1, 4);
  let n2 = begin + firstItem(count, 2, 4);
  let n3 = begin + firstItem(count, 3, 4);
  for (const end = begin + count; n3 < end; n0++, n1++, n2++, n3++) {
    let x = input;
    let p0 = weight + <usize>n0 * bytes;
    let p1 = weight + <usize>n1 * bytes;
    let p2 = weight + <usize>n2 * bytes;
    let p3 = weight + <usize>n3 * bytes;
    const stop = p0 + bytes;
    let a0 = f32x4.splat(0), b0 = a0, a1 = a0, b1 = a0, a2 = a0, b2 = a0, a3 = a0, b3 = a0;
    while (true) {
      const t = v128.load_splat<f32>(x);
      const w0 = v128.load(p0);
      a0 = madd(t, i32x4.shl(w0, 16), a0);
      b0 = madd(t, v128.and(w0, mask), b0);
      const w1 = v128.load(p1);
      a1 = madd(t, i32x4.shl(w1, 16), a1);
      b1 = madd(t, v128.and(w1, mask), b1);
      const w2 = v128.load(p2);
      a2 = madd(t, i32x4.shl(w2, 16), a2);
      b2 = madd(t, v128.and(w2, mask), b2);
      const w3 = v128.load(p3);
      a3 = madd(t, i32x4.shl(w3, 16), a3);
      b3 = madd(t, v128.and(w3, mask), b3);
      x += 4;
      p0 += 16;
      p1 += 16;
      p2 += 16;
      p3 += 16;
      if (p0 >= stop) break;
    }
    storePanel(output, n0, outputs, a0, b0);
    storePanel(output, n1, outputs, a1, b1);
    storePanel(output, n2, outputs, a2, b2);
    storePanel(output, n3, outputs, a3, b3);
  }
  finishSums(output, bias, begin * HALF_PANEL, min((begin + count) * HALF_PANEL, outputs), 1);
}

export function gemvFloat16(
  output: usize, input: usize, weight: usize, bias: usize, inputs: i32, outputs: i32, scratch: usize,
  thread: i32, threads: i32,
): void {
  const mask = v128.load(MASKS, 16);
  const panels = (outputs + HALF_PANEL - 1) / HALF_PANEL;
  const begin = firstItem(panels, thread, threads);
  const count = firstItem(panels, thread + 1, threads) - begin;
  if (count == 0) return;
  const exponent = scaleInput(scratch, input, inputs);
  const unscale = reinterpret<f32>((127 + 112 - exponent) << 23);
  const bytes = <usize>inputs * (HALF_PANEL * 2);
  let n0 = begin;
  let n1 = begin + firstItem(count, 1, 4);
  let n2 = begin + firstItem(count, 2, 4);
  let n3 = begin + firstItem(count, 3, 4);
  for (const end = begin + count; n3 < end; n0++, n1++, n2++, n3++) {
    let x = scratch;
    let p0 = weight + <usize>n0 * bytes;
    let p1 = weight + <usize>n1 * bytes;
    let p2 = weight + <usize>n2 * bytes;
    let p3 = weight + <usize>n3 * bytes;
    const stop = p0 + bytes;
    let a0 = f32x4.splat(0), b0 = a0, a1 = a0, b1 = a0, a2 = a0, b2 = a0, a3 = a0, b3 = a0;
    while (true) {
      const t = v128.load_splat<f32>(x);
      const w0 = v128.load(p0);
      a0 = madd(t, lowFloat16(w0, mask), a0);
      b0 = madd(t, highFloat16(w0, mask), b0);
      const w1 = v128.load(p1);
      a1 = madd(t, lowFloat16(w1, mask), a1);
      b1 = madd(t, highFloat16(w1, mask), b1);
      const w2 = v128.load(p2);
      a2 = madd(t, lowFloat16(w2, mask), a2);
      b2 = madd(t, highFloat16(w2, mask), b2);
      const w3 = v128.load(p3);
      a3 = madd(t, lowFloat16(w3, mask), a3);
      b3 = madd(t, highFloat16(w3, mask), b3);
      x += 4;
      p0 += 16;
      p1 += 16;
      p2 += 16;
      p3 += 16;
      if (p0 >= stop) break;
    }
    storePanel(output, n0, outputs, a0, b0);
    storePanel(output, n1, outputs, a1, b1);
    storePanel(output, n2, outputs, a2, b2);
    storePanel(output, n3, outputs, a3, b3);
  }
  finishSums(output, bias, begin * HALF_PANEL, min((begin + count) * HALF_PANEL, outputs), unscale);
}

// @ts-ignore: decorator
@inline
function lowFloat16(words: v128, mask: v128): v128 {
  return v128.and(i32x4.shr_s(i32x4.shl(words, 16), 3), mask);
}

// @ts-ignore: decorator
@inline
function highFloat16(words: v128, mask: v128): v128 {
  return v128.and(i32x4.shr_s(words, 3), mask);
}

/** Writes the input times 2ˢ and returns s: 112, or less where the largest magnitude is 2¹⁵ or more. */
function scaleInput(scaled: usize, input: usize, inputs: i32): i32 {
  const bytes = <usize>inputs << 2;
  const vectors = bytes & ~15;
  const magnitude = i32x4.splat(0x7fffffff);
  let largest = i32x4.splat(0);
  for (let i: usize = 0; i < vectors; i += 16) {
    largest = i32x4.max_s(largest, v128.and(v128.load(input + i), magnitude));
  }
  for (let i = vectors; i < bytes; i += 4) {
    largest = i32x4.max_s(largest, v128.and(v128.load_splat<f32>(input + i), magnitude));
  }
  largest = i32x4.max_s(largest, v128.shuffle<i32>(largest, largest, 2, 3, 0, 1));
  largest = i32x4.max_s(largest, v128.shuffle<i32>(largest, largest, 1, 0, 3, 2));
  const exponent = min(112, max(0, 253 - (i32x4.extract_lane(largest, 0) >> 23)));
  const scale = f32x4.splat(reinterpret<f32>((127 + exponent) << 23));
  for (let i: usize = 0; i < vectors; i += 16) {
    v128.store(scaled + i, f32x4.mul(v128.load(input + i), scale));
  }
  for (let i = vectors; i < bytes; i += 4) {
    store<f32>(scaled + i, load<f32>(input + i) * f32x4.extract_lane(scale, 0));
  }
  return exponent;
}

// @ts-ignore: decorator
@inline
function storePanel(output: usize, panel: i32, outputs: i32, a: v128, b: v128): void {
  const first = panel * HALF_PANEL;
  const to = output + (<usize>first << 2);
  if (first + HALF_PANEL <= outputs) {
    v128.store(to, a);
    v128.store(to, b, 16);
  } else {
    storeLanes(to, a, outputs - first);
    storeLanes(to + 16, b, outputs - first - 4);
  }
}
