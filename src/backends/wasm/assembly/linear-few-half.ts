// A stretch of k of several rows times four 16-bit panels [K][8], added to sums [4 panels][rows][8].
//
// Five rows by one panel are ten accumulators, enough to hide the latency of a multiply-add; of the rows that five leaves
// over, four go as one tile, two over two panels and one over four, so that there are eight.

import { madd } from './fma';
import { BFLOAT16, FLOAT16, HALF_PANEL } from './linear-layout';
import { widenHigh, widenLow, widenMask } from './linear-words';

/** Bytes of the sums of a row and a panel. */
const ROW_BYTES: usize = HALF_PANEL * 4;

export function multiplyBfloat16(
  sums: usize, input: usize, rows: i32, inputs: i32, p0: usize, p1: usize, p2: usize, p3: usize, depth: i32,
): void {
  multiply(sums, input, rows, inputs, p0, p1, p2, p3, depth, BFLOAT16);
}

export function multiplyFloat16(
  sums: usize, input: usize, rows: i32, inputs: i32, p0: usize, p1: usize, p2: usize, p3: usize, depth: i32,
): void {
  multiply(sums, input, rows, inputs, p0, p1, p2, p3, depth, FLOAT16);
}

/** First the rows that five leaves over: they read more panels at once, which the memory likes. */
// @ts-ignore: decorator
@inline
function multiply(
  sums: usize, input: usize, rows: i32, inputs: i32, p0: usize, p1: usize, p2: usize, p3: usize, depth: i32, dtype: i32,
): void {
  const stride = <usize>rows * ROW_BYTES;
  const inputBytes = <usize>inputs << 2;
  const s1 = sums + stride, s2 = s1 + stride, s3 = s2 + stride;
  const left = rows % 5;
  if (left == 4) {
    multiplyFourRows(sums, input, inputs, p0, depth, dtype);
    multiplyFourRows(s1, input, inputs, p1, depth, dtype);
    multiplyFourRows(s2, input, inputs, p2, depth, dtype);
    multiplyFourRows(s3, input, inputs, p3, depth, dtype);
  } else if (left >= 2) {
    multiplyPairOfRows(sums, stride, input, inputs, p0, p1, depth, dtype);
    multiplyPairOfRows(s2, stride, input, inputs, p2, p3, depth, dtype);
  }
  if (left & 1) {
    const row = <usize>(left - 1);
    multiplyRow(sums + row * ROW_BYTES, stride, input + row * inputBytes, p0, p1, p2, p3, depth, dtype);
  }
  if (left == rows) return;
  multiplyFives(sums, input, inputs, p0, depth, left, rows, dtype);
  multiplyFives(s1, input, inputs, p1, depth, left, rows, dtype);
  multiplyFives(s2, input, inputs, p2, depth, left, rows, dtype);
  multiplyFives(s3, input, inputs, p3, depth, left, rows, dtype);
}

// Each loop over k is alone in a function that is called more than once: else the compilers put several into one function,
// where V8 spills accumulators (28 instead of 42 GFLOP/s a core).

// @ts-ignore: decorator
@inline
function multiplyFives(
  sums: usize, input: usize, inputs: i32, panel: usize, depth: i32, firstRow: i32, rows: i32, dtype: i32,
): void {
  if (dtype == BFLOAT16) multiplyFivesBfloat16(sums, input, inputs, panel, depth, firstRow, rows);
  else multiplyFivesFloat16(sums, input, inputs, panel, depth, firstRow, rows);
}

function multiplyFivesBfloat16(
  sums: usize, input: usize, inputs: i32, panel: usize, depth: i32, firstRow: i32, rows: i32,
): void {
  for (let row = <usize>firstRow; row < <usize>rows; row += 5) {
    multiplyFive(sums + row * ROW_BYTES, input + (row * <usize>inputs << 2), inputs, panel, depth, BFLOAT16);
  }
}

function multiplyFivesFloat16(
  sums: usize, input: usize, inputs: i32, panel: usize, depth: i32, firstRow: i32, rows: i32,
): void {
  for (let row = <usize>firstRow; row < <usize>rows; row += 5) {
    multiplyFive(sums + row * ROW_BYTES, input + (row * <usize>inputs << 2), inputs, panel, depth, FLOAT16);
  }
}

// @ts-ignore: decorator
@inline
function multiplyFourRows(sums: usize, input: usize, inputs: i32, panel: usize, depth: i32, dtype: i32): void {
  if (dtype == BFLOAT16) multiplyFourBfloat16(sums, input, inputs, panel, depth);
  else multiplyFourFloat16(sums, input, inputs, panel, depth);
}

function multiplyFourBfloat16(sums: usize, input: usize, inputs: i32, panel: usize, depth: i32): void {
  multiplyFour(sums, input, inputs, panel, depth, BFLOAT16);
}

function multiplyFourFloat16(sums: usize, input: usize, inputs: i32, panel: usize, depth: i32): void {
  multiplyFour(sums, input, inputs, panel, depth, FLOAT16);
}

// @ts-ignore: decorator
@inline
function multiplyPairOfRows(
  sums: usize, stride: usize, input: usize, inputs: i32, p0: usize, p1: usize, depth: i32, dtype: i32,
): void {
  if (dtype == BFLOAT16) multiplyPairBfloat16(sums, stride, input, inputs, p0, p1, depth);
  else multiplyPairFloat16(sums, stride, input, inputs, p0, p1, depth);
}

function multiplyPairBfloat16(
  sums: usize, stride: usize, input: usize, inputs: i32, p0: usize, p1: usize, depth: i32,
): void {
  multiplyPair(sums, stride, input, inputs, p0, p1, depth, BFLOAT16);
}

function multiplyPairFloat16(
  sums: usize, stride: usize, input: usize, inputs: i32, p0: usize, p1: usize, depth: i32,
): void {
  multiplyPair(sums, stride, input, inputs, p0, p1, depth, FLOAT16);
}

/** Five rows times one panel. The breaks are never taken: see linear-few-float32.ts. */
// @ts-ignore: decorator
@inline
function multiplyFive(sums: usize, input: usize, inputs: i32, panel: usize, depth: i32, dtype: i32): void {
  const mask = v128.load(widenMask(dtype));
  const inputBytes = <usize>inputs << 2;
  const stop = panel + <usize>depth * (HALF_PANEL * 2);
  let p = panel;
  let x0 = input;
  let x1 = x0 + inputBytes;
  let x2 = x1 + inputBytes;
  let x3 = x2 + inputBytes;
  let x4 = x3 + inputBytes;
  let a0 = v128.load(sums, 0), b0 = v128.load(sums, 16);
  let a1 = v128.load(sums, 32), b1 = v128.load(sums, 48);
  let a2 = v128.load(sums, 64), b2 = v128.load(sums, 80);
  let a3 = v128.load(sums, 96), b3 = v128.load(sums, 112);
  let a4 = v128.load(sums, 128), b4 = v128.load(sums, 144);
  do {
    const words = v128.load(p);
    const low = widenLow(words, dtype, mask);
    const high = widenHigh(words, dtype, mask);
    const t0 = v128.load_splat<f32>(x0);
    a0 = madd(t0, low, a0);
    b0 = madd(t0, high, b0);
    if (p == 0) break;
    const t1 = v128.load_splat<f32>(x1);
    a1 = madd(t1, low, a1);
    b1 = madd(t1, high, b1);
    if (p == 0) break;
    const t2 = v128.load_splat<f32>(x2);
    a2 = madd(t2, low, a2);
    b2 = madd(t2, high, b2);
    if (p == 0) break;
    const t3 = v128.load_splat<f32>(x3);
    a3 = madd(t3, low, a3);
    b3 = madd(t3, high, b3);
    if (p == 0) break;
    const t4 = v128.load_splat<f32>(x4);
    a4 = madd(t4, low, a4);
    b4 = madd(t4, high, b4);
    x0 += 4;
    x1 += 4;
    x2 += 4;
    x3 += 4;
    x4 += 4;
    p += 16;
  } while (p < stop);
  storeRow(sums, a0, b0);
  storeRow(sums + 32, a1, b1);
  storeRow(sums + 64, a2, b2);
  storeRow(sums + 96, a3, b3);
  storeRow(sums + 128, a4, b4);
}

/** Four rows times one panel. */
// @ts-ignore: decorator
@inline
function multiplyFour(sums: usize, input: usize, inputs: i32, panel: usize, depth: i32, dtype: i32): void {
  const mask = v128.load(widenMask(dtype));
  const inputBytes = <usize>inputs << 2;
  const stop = panel + <usize>depth * (HALF_PANEL * 2);
  let p = panel;
  let x0 = input;
  let x1 = x0 + inputBytes;
  let x2 = x1 + inputBytes;
  let x3 = x2 + inputBytes;
  let a0 = v128.load(sums, 0), b0 = v128.load(sums, 16);
  let a1 = v128.load(sums, 32), b1 = v128.load(sums, 48);
  let a2 = v128.load(sums, 64), b2 = v128.load(sums, 80);
  let a3 = v128.load(sums, 96), b3 = v128.load(sums, 112);
  do {
    const words = v128.load(p);
    const low = widenLow(words, dtype, mask);
    const high = widenHigh(words, dtype, mask);
    const t0 = v128.load_splat<f32>(x0);
    a0 = madd(t0, low, a0);
    b0 = madd(t0, high, b0);
    if (p == 0) break;
    const t1 = v128.load_splat<f32>(x1);
    a1 = madd(t1, low, a1);
    b1 = madd(t1, high, b1);
    if (p == 0) break;
    const t2 = v128.load_splat<f32>(x2);
    a2 = madd(t2, low, a2);
    b2 = madd(t2, high, b2);
    if (p == 0) break;
    const t3 = v128.load_splat<f32>(x3);
    a3 = madd(t3, low, a3);
    b3 = madd(t3, high, b3);
    x0 += 4;
    x1 += 4;
    x2 += 4;
    x3 += 4;
    p += 16;
  } while (p < stop);
  storeRow(sums, a0, b0);
  storeRow(sums + 32, a1, b1);
  storeRow(sums + 64, a2, b2);
  storeRow(sums + 96, a3, b3);
}

/** Two rows times two panels. */
// @ts-ignore: decorator
@inline
function multiplyPair(
  sums: usize, stride: usize, input: usize, inputs: i32, p0: usize, p1: usize, depth: i32, dtype: i32,
): void {
  const mask = v128.load(widenMask(dtype));
  const stop = p0 + <usize>depth * (HALF_PANEL * 2);
  const s1 = sums + stride;
  let x0 = input;
  let x1 = input + (<usize>inputs << 2);
  let a00 = v128.load(sums), b00 = v128.load(sums, 16), a10 = v128.load(sums, 32), b10 = v128.load(sums, 48);
  let a01 = v128.load(s1), b01 = v128.load(s1, 16), a11 = v128.load(s1, 32), b11 = v128.load(s1, 48);
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
  storeRow(sums, a00, b00);
  storeRow(sums + 32, a10, b10);
  storeRow(s1, a01, b01);
  storeRow(s1 + 32, a11, b11);
}

/** One row times four panels; two steps a turn gain 1 to 10 %. */
// @ts-ignore: decorator
@inline
function multiplyRow(
  sums: usize, stride: usize, input: usize, p0: usize, p1: usize, p2: usize, p3: usize, depth: i32, dtype: i32,
): void {
  const mask = v128.load(widenMask(dtype));
  const stop = p0 + <usize>depth * (HALF_PANEL * 2);
  const s1 = sums + stride, s2 = s1 + stride, s3 = s2 + stride;
  let x = input;
  let a0 = v128.load(sums), b0 = v128.load(sums, 16), a1 = v128.load(s1), b1 = v128.load(s1, 16);
  let a2 = v128.load(s2), b2 = v128.load(s2, 16), a3 = v128.load(s3), b3 = v128.load(s3, 16);
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
  storeRow(sums, a0, b0);
  storeRow(s1, a1, b1);
  storeRow(s2, a2, b2);
  storeRow(s3, a3, b3);
}

// @ts-ignore: decorator
@inline
function storeRow(sums: usize, a: v128, b: v128): void {
  v128.store(sums, a);
  v128.store(sums, b, 16);
}
