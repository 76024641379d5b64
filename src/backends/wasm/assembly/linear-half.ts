// A few rows times 16-bit panels [N/8][K][8], widened on the fly. As in linear-float32.ts a thread walks four panels from
// the four quarters of its range; an odd row goes over all four at once, pairs of rows over two and two.
//
// bfloat16 widens by a shift (low halves, rows 0..3) and a mask (high halves, rows 4..7).
//
// binary16 widens to w·2⁻¹¹² by moving its exponent and mantissa into place; weights must be finite. The input comes scaled
// by 2ˢ, s = 112 or what cannot overflow its largest element, and the sums leave scaled by 2¹¹²⁻ˢ. Powers of two change no
// bit of a sum unless a product is 2⁻¹⁴⁰ of the largest input or less. Binary16 subnormals are exact, but they are float32
// denormals here, which some machines multiply slowly.

import { madd } from './fma';
import { BFLOAT16, firstItem, FLOAT16, HALF_PANEL } from './linear-layout';
import { finishSums, storeOutputs } from './linear-store';

// Masks come from memory: V8 rebuilds a literal vector at each use.
const MASKS = memory.data<u32>([
  0xffff0000, 0xffff0000, 0xffff0000, 0xffff0000,
  0x8fffe000, 0x8fffe000, 0x8fffe000, 0x8fffe000,
], 16);

/** `scratch` holds `rows` rows and `rows` factors for float16. */
export function linearHalf(
  output: usize, input: usize, weight: usize, bias: usize, rows: i32, inputs: i32, outputs: i32, dtype: i32,
  scratch: usize, thread: i32, threads: i32,
): void {
  const panels = (outputs + HALF_PANEL - 1) / HALF_PANEL;
  const begin = firstItem(panels, thread, threads);
  const end = firstItem(panels, thread + 1, threads);
  if (begin == end) return;
  const inputBytes = <usize>inputs << 2;
  const outputBytes = <usize>outputs << 2;
  const factors = scratch + <usize>rows * inputBytes;
  if (dtype == FLOAT16) {
    for (let row = 0; row < rows; row++) {
      const offset = <usize>row * inputBytes;
      store<f32>(factors + (<usize>row << 2), scaleRow(scratch + offset, input + offset, inputs));
    }
    input = scratch;
  }
  const second = begin + firstItem(end - begin, 1, 4);
  const third = begin + firstItem(end - begin, 2, 4);
  const fourth = begin + firstItem(end - begin, 3, 4);
  const odd = rows & 1;
  for (let i = 0; fourth + i < end; i++) {
    const n0 = begin + i, n1 = second + i, n2 = third + i, n3 = fourth + i;
    if (odd) {
      if (dtype == BFLOAT16) multiplyRowBfloat16(output, input, weight, inputs, outputs, n0, n1, n2, n3);
      else multiplyRowFloat16(output, input, weight, inputs, outputs, n0, n1, n2, n3);
    }
    if (rows == odd) continue;
    const to = output + <usize>odd * outputBytes;
    const from = input + <usize>odd * inputBytes;
    if (dtype == BFLOAT16) {
      multiplyPairsBfloat16(to, from, weight, rows - odd, inputs, outputs, n0, n1);
      multiplyPairsBfloat16(to, from, weight, rows - odd, inputs, outputs, n2, n3);
    } else {
      multiplyPairsFloat16(to, from, weight, rows - odd, inputs, outputs, n0, n1);
      multiplyPairsFloat16(to, from, weight, rows - odd, inputs, outputs, n2, n3);
    }
  }
  for (let row = 0; row < rows; row++) {
    const factor: f32 = dtype == FLOAT16 ? load<f32>(factors + (<usize>row << 2)) : 1;
    const to = output + <usize>row * outputBytes;
    finishSums(to, bias, begin * HALF_PANEL, min(end * HALF_PANEL, outputs), factor);
  }
}

function multiplyRowBfloat16(
  output: usize, input: usize, weight: usize, inputs: i32, outputs: i32, n0: i32, n1: i32, n2: i32, n3: i32,
): void {
  multiplyRow(output, input, weight, inputs, outputs, n0, n1, n2, n3, BFLOAT16, v128.load(MASKS));
}

function multiplyRowFloat16(
  output: usize, input: usize, weight: usize, inputs: i32, outputs: i32, n0: i32, n1: i32, n2: i32, n3: i32,
): void {
  multiplyRow(output, input, weight, inputs, outputs, n0, n1, n2, n3, FLOAT16, v128.load(MASKS, 16));
}

function multiplyPairsBfloat16(
  output: usize, input: usize, weight: usize, rows: i32, inputs: i32, outputs: i32, n0: i32, n1: i32,
): void {
  multiplyPairs(output, input, weight, rows, inputs, outputs, n0, n1, BFLOAT16, v128.load(MASKS));
}

function multiplyPairsFloat16(
  output: usize, input: usize, weight: usize, rows: i32, inputs: i32, outputs: i32, n0: i32, n1: i32,
): void {
  multiplyPairs(output, input, weight, rows, inputs, outputs, n0, n1, FLOAT16, v128.load(MASKS, 16));
}

/** One row times four panels, without factor and bias. */
// @ts-ignore: decorator
@inline
function multiplyRow(
  output: usize, input: usize, weight: usize, inputs: i32, outputs: i32, n0: i32, n1: i32, n2: i32, n3: i32,
  dtype: i32, mask: v128,
): void {
  const bytes = <usize>inputs * (HALF_PANEL * 2);
  let x = input;
  let p0 = weight + <usize>n0 * bytes;
  let p1 = weight + <usize>n1 * bytes;
  let p2 = weight + <usize>n2 * bytes;
  let p3 = weight + <usize>n3 * bytes;
  const stop = p0 + bytes;
  let a0 = f32x4.splat(0), b0 = a0, a1 = a0, b1 = a0, a2 = a0, b2 = a0, a3 = a0, b3 = a0;
  do {
    const t = v128.load_splat<f32>(x);
    const w0 = v128.load(p0);
    a0 = madd(t, low(w0, dtype, mask), a0);
    b0 = madd(t, high(w0, dtype, mask), b0);
    const w1 = v128.load(p1);
    a1 = madd(t, low(w1, dtype, mask), a1);
    b1 = madd(t, high(w1, dtype, mask), b1);
    const w2 = v128.load(p2);
    a2 = madd(t, low(w2, dtype, mask), a2);
    b2 = madd(t, high(w2, dtype, mask), b2);
    const w3 = v128.load(p3);
    a3 = madd(t, low(w3, dtype, mask), a3);
    b3 = madd(t, high(w3, dtype, mask), b3);
    x += 4;
    p0 += 16;
    p1 += 16;
    p2 += 16;
    p3 += 16;
  } while (p0 < stop);
  storePanel(output, n0, outputs, a0, b0);
  storePanel(output, n1, outputs, a1, b1);
  storePanel(output, n2, outputs, a2, b2);
  storePanel(output, n3, outputs, a3, b3);
}

/** An even number of rows times two panels, without factor and bias. */
// @ts-ignore: decorator
@inline
function multiplyPairs(
  output: usize, input: usize, weight: usize, rows: i32, inputs: i32, outputs: i32, n0: i32, n1: i32,
  dtype: i32, mask: v128,
): void {
  const bytes = <usize>inputs * (HALF_PANEL * 2);
  const inputBytes = <usize>inputs << 2;
  const outputBytes = <usize>outputs << 2;
  for (let row = 0; row < rows; row += 2) {
    let x0 = input + <usize>row * inputBytes;
    let x1 = x0 + inputBytes;
    let p0 = weight + <usize>n0 * bytes;
    let p1 = weight + <usize>n1 * bytes;
    const stop = p0 + bytes;
    let a00 = f32x4.splat(0), b00 = a00, a01 = a00, b01 = a00, a10 = a00, b10 = a00, a11 = a00, b11 = a00;
    do {
      const t0 = v128.load_splat<f32>(x0);
      const t1 = v128.load_splat<f32>(x1);
      const w0 = v128.load(p0);
      const wa0 = low(w0, dtype, mask);
      a00 = madd(t0, wa0, a00);
      a10 = madd(t1, wa0, a10);
      const wb0 = high(w0, dtype, mask);
      b00 = madd(t0, wb0, b00);
      b10 = madd(t1, wb0, b10);
      const w1 = v128.load(p1);
      const wa1 = low(w1, dtype, mask);
      a01 = madd(t0, wa1, a01);
      a11 = madd(t1, wa1, a11);
      const wb1 = high(w1, dtype, mask);
      b01 = madd(t0, wb1, b01);
      b11 = madd(t1, wb1, b11);
      x0 += 4;
      x1 += 4;
      p0 += 16;
      p1 += 16;
    } while (p0 < stop);
    const to = output + <usize>row * outputBytes;
    storePanel(to, n0, outputs, a00, b00);
    storePanel(to, n1, outputs, a01, b01);
    storePanel(to + outputBytes, n0, outputs, a10, b10);
    storePanel(to + outputBytes, n1, outputs, a11, b11);
  }
}

// @ts-ignore: decorator
@inline
function low(words: v128, dtype: i32, mask: v128): v128 {
  const shifted = i32x4.shl(words, 16);
  return dtype == BFLOAT16 ? shifted : v128.and(i32x4.shr_s(shifted, 3), mask);
}

// @ts-ignore: decorator
@inline
function high(words: v128, dtype: i32, mask: v128): v128 {
  return dtype == BFLOAT16 ? v128.and(words, mask) : v128.and(i32x4.shr_s(words, 3), mask);
}

// @ts-ignore: decorator
@inline
function storePanel(output: usize, panel: i32, outputs: i32, a: v128, b: v128): void {
  const first = panel * HALF_PANEL;
  storeOutputs(output, first, outputs, a);
  storeOutputs(output, first + 4, outputs, b);
}

/** Writes a row times 2ˢ, s = 112 or less where its largest magnitude is 2¹⁵ or more, and returns 2¹¹²⁻ˢ. */
function scaleRow(scaled: usize, row: usize, inputs: i32): f32 {
  const stop = row + (<usize>inputs << 2);
  const magnitude = i32x4.splat(0x7fffffff);
  let from = row;
  let largest = i32x4.splat(0);
  for (; from + 16 <= stop; from += 16) largest = i32x4.max_s(largest, v128.and(v128.load(from), magnitude));
  for (; from < stop; from += 4) largest = i32x4.max_s(largest, v128.and(v128.load_splat<f32>(from), magnitude));
  largest = i32x4.max_s(largest, v128.shuffle<i32>(largest, largest, 2, 3, 0, 1));
  largest = i32x4.max_s(largest, v128.shuffle<i32>(largest, largest, 1, 0, 3, 2));
  const exponent = max(0, min(112, 253 - (i32x4.extract_lane(largest, 0) >> 23)));
  const factor = reinterpret<f32>((127 + exponent) << 23);
  const factors = f32x4.splat(factor);
  for (from = row; from + 16 <= stop; from += 16, scaled += 16) {
    v128.store(scaled, f32x4.mul(v128.load(from), factors));
  }
  for (; from < stop; from += 4, scaled += 4) store<f32>(scaled, load<f32>(from) * factor);
  return reinterpret<f32>((127 + 112 - exponent) << 23);
}
