// A few rows times 16-bit panels [N/8][K][8], widened on the fly. As in linear-float32.ts a thread walks far-apart panels:
// an odd row over four at once, pairs of rows over two.
//
// float16 weights widen to w·2⁻¹¹² (linear-words.ts). The input comes scaled by 2ˢ, s = 112 or what cannot overflow its
// largest element, and the sums leave scaled by 2¹¹²⁻ˢ. Powers of two change no bit of a sum unless a product is 2⁻¹⁴⁰ of
// the largest input or less.

import { madd } from './fma';
import { BFLOAT16, firstItem, FLOAT16, HALF_PANEL } from './linear-layout';
import { finishSums, storeOutputs } from './linear-store';
import { widenHigh, widenLow, widenMask } from './linear-words';

/** For float16 `scratch` holds `rows` scaled rows and their factors. */
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
  if (rows & 1) {
    const second = begin + firstItem(end - begin, 1, 4);
    const third = begin + firstItem(end - begin, 2, 4);
    const fourth = begin + firstItem(end - begin, 3, 4);
    for (let i = 0; fourth + i < end; i++) {
      const n0 = begin + i, n1 = second + i, n2 = third + i, n3 = fourth + i;
      if (dtype == BFLOAT16) multiplyRowBfloat16(output, input, weight, inputs, outputs, n0, n1, n2, n3);
      else multiplyRowFloat16(output, input, weight, inputs, outputs, n0, n1, n2, n3);
      multiplyPairs(output, input, weight, 1, rows, inputs, outputs, n0, n1, dtype);
      multiplyPairs(output, input, weight, 1, rows, inputs, outputs, n2, n3, dtype);
    }
  } else {
    const second = begin + firstItem(end - begin, 1, 2);
    for (let i = 0; second + i < end; i++) {
      multiplyPairs(output, input, weight, 0, rows, inputs, outputs, begin + i, second + i, dtype);
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
  multiplyRow(output, input, weight, inputs, outputs, n0, n1, n2, n3, BFLOAT16);
}

function multiplyRowFloat16(
  output: usize, input: usize, weight: usize, inputs: i32, outputs: i32, n0: i32, n1: i32, n2: i32, n3: i32,
): void {
  multiplyRow(output, input, weight, inputs, outputs, n0, n1, n2, n3, FLOAT16);
}

/** Rows firstRow … rows − 1, an even number, times two panels, without factor and bias. */
// @ts-ignore: decorator
@inline
function multiplyPairs(
  output: usize, input: usize, weight: usize, firstRow: i32, rows: i32, inputs: i32, outputs: i32, n0: i32, n1: i32,
  dtype: i32,
): void {
  for (let row = firstRow; row < rows; row += 2) {
    const to = output + <usize>row * <usize>outputs * 4;
    const from = input + <usize>row * <usize>inputs * 4;
    if (dtype == BFLOAT16) multiplyPairBfloat16(to, from, weight, inputs, outputs, n0, n1);
    else multiplyPairFloat16(to, from, weight, inputs, outputs, n0, n1);
  }
}

function multiplyPairBfloat16(
  output: usize, input: usize, weight: usize, inputs: i32, outputs: i32, n0: i32, n1: i32,
): void {
  multiplyPair(output, input, weight, inputs, outputs, n0, n1, BFLOAT16);
}

function multiplyPairFloat16(
  output: usize, input: usize, weight: usize, inputs: i32, outputs: i32, n0: i32, n1: i32,
): void {
  multiplyPair(output, input, weight, inputs, outputs, n0, n1, FLOAT16);
}

/** One row times four panels, without factor and bias; two steps a turn gain 1 to 10 %. */
// @ts-ignore: decorator
@inline
function multiplyRow(
  output: usize, input: usize, weight: usize, inputs: i32, outputs: i32, n0: i32, n1: i32, n2: i32, n3: i32,
  dtype: i32,
): void {
  const mask = v128.load(widenMask(dtype));
  const bytes = <usize>inputs * (HALF_PANEL * 2);
  let x = input;
  let p0 = weight + <usize>n0 * bytes;
  let p1 = weight + <usize>n1 * bytes;
  let p2 = weight + <usize>n2 * bytes;
  let p3 = weight + <usize>n3 * bytes;
  const stop = p0 + bytes;
  let a0 = f32x4.splat(0), b0 = a0, a1 = a0, b1 = a0, a2 = a0, b2 = a0, a3 = a0, b3 = a0;
  while (true) {
    let t = v128.load_splat<f32>(x);
    let w0 = v128.load(p0);
    a0 = madd(t, widenLow(w0, dtype, mask), a0);
    b0 = madd(t, widenHigh(w0, dtype, mask), b0);
    let w1 = v128.load(p1);
    a1 = madd(t, widenLow(w1, dtype, mask), a1);
    b1 = madd(t, widenHigh(w1, dtype, mask), b1);
    let w2 = v128.load(p2);
    a2 = madd(t, widenLow(w2, dtype, mask), a2);
    b2 = madd(t, widenHigh(w2, dtype, mask), b2);
    let w3 = v128.load(p3);
    a3 = madd(t, widenLow(w3, dtype, mask), a3);
    b3 = madd(t, widenHigh(w3, dtype, mask), b3);
    x += 4;
    p0 += 16;
    p1 += 16;
    p2 += 16;
    p3 += 16;
    if (p0 >= stop) break;
    t = v128.load_splat<f32>(x);
    w0 = v128.load(p0);
    a0 = madd(t, widenLow(w0, dtype, mask), a0);
    b0 = madd(t, widenHigh(w0, dtype, mask), b0);
    w1 = v128.load(p1);
    a1 = madd(t, widenLow(w1, dtype, mask), a1);
    b1 = madd(t, widenHigh(w1, dtype, mask), b1);
    w2 = v128.load(p2);
    a2 = madd(t, widenLow(w2, dtype, mask), a2);
    b2 = madd(t, widenHigh(w2, dtype, mask), b2);
    w3 = v128.load(p3);
    a3 = madd(t, widenLow(w3, dtype, mask), a3);
    b3 = madd(t, widenHigh(w3, dtype, mask), b3);
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

/** Two rows times two panels, without factor and bias. */
// @ts-ignore: decorator
@inline
function multiplyPair(
  output: usize, input: usize, weight: usize, inputs: i32, outputs: i32, n0: i32, n1: i32, dtype: i32,
): void {
  const mask = v128.load(widenMask(dtype));
  const bytes = <usize>inputs * (HALF_PANEL * 2);
  let x0 = input;
  let x1 = input + (<usize>inputs << 2);
  let p0 = weight + <usize>n0 * bytes;
  let p1 = weight + <usize>n1 * bytes;
  const stop = p0 + bytes;
  let a00 = f32x4.splat(0), b00 = a00, a01 = a00, b01 = a00, a10 = a00, b10 = a00, a11 = a00, b11 = a00;
  do {
    const t0 = v128.load_splat<f32>(x0);
    const t1 = v128.load_splat<f32>(x1);
    const w0 = v128.load(p0);
    const wa0 = widenLow(w0, dtype, mask);
    a00 = madd(t0, wa0, a00);
    a10 = madd(t1, wa0, a10);
    const wb0 = widenHigh(w0, dtype, mask);
    b00 = madd(t0, wb0, b00);
    b10 = madd(t1, wb0, b10);
    const w1 = v128.load(p1);
    const wa1 = widenLow(w1, dtype, mask);
    a01 = madd(t0, wa1, a01);
    a11 = madd(t1, wa1, a11);
    const wb1 = widenHigh(w1, dtype, mask);
    b01 = madd(t0, wb1, b01);
    b11 = madd(t1, wb1, b11);
    x0 += 4;
    x1 += 4;
    p0 += 16;
    p1 += 16;
  } while (p0 < stop);
  const next = output + (<usize>outputs << 2);
  storePanel(output, n0, outputs, a00, b00);
  storePanel(output, n1, outputs, a01, b01);
  storePanel(next, n0, outputs, a10, b10);
  storePanel(next, n1, outputs, a11, b11);
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
