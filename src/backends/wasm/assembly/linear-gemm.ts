// Many rows times float32 panels [N/12][K][12], in tiles of three rows by twelve outputs: nine accumulators, what fits
// the fifteen registers that V8 has and hides the latency of a multiply-add. A panel stays in the cache while all rows
// go over it, and K is never split, so weights leave the memory once and a sum has one order.
//
// Rows past the last are the last again: computed and stored twice, to the same bits.

import { widen } from './convert';
import { madd } from './fma';
import { BFLOAT16, firstItem, GROUP, HALF_PANEL, PANEL } from './linear-layout';
import { finishSums, storeLanes } from './linear-store';

export function gemmFloat32(
  output: usize, input: usize, weight: usize, bias: usize, rows: i32, inputs: i32, outputs: i32, packed: usize,
  thread: i32, threads: i32,
): void {
  const panels = (outputs + PANEL - 1) / PANEL;
  const end = firstItem(panels, thread + 1, threads);
  const bytes = <usize>inputs * (PANEL * 4);
  for (let n = firstItem(panels, thread, threads); n < end; n++) {
    multiplyPanel(output, input, weight + <usize>n * bytes, bias, rows, inputs, outputs, n * PANEL, packed);
  }
}

/** The same over 16-bit panels: each group of 24 outputs is widened to two float32 panels in `scratch` first. */
export function gemmHalf(
  output: usize, input: usize, weight: usize, bias: usize, rows: i32, inputs: i32, outputs: i32, dtype: i32,
  scratch: usize, packed: usize, thread: i32, threads: i32,
): void {
  const groups = (outputs + GROUP - 1) / GROUP;
  const end = firstItem(groups, thread + 1, threads);
  const bytes = <usize>inputs * (GROUP * 2);
  for (let group = firstItem(groups, thread, threads); group < end; group++) {
    const from = weight + <usize>group * bytes;
    if (dtype == BFLOAT16) widenGroup(scratch, from, inputs, BFLOAT16);
    else widenGroup(scratch, from, inputs, dtype);
    const first = group * GROUP;
    multiplyPanel(output, input, scratch, bias, rows, inputs, outputs, first, packed);
    multiplyPanel(output, input, scratch + bytes, bias, rows, inputs, outputs, first + PANEL, packed);
  }
}

/** Three 16-bit panels [K][8] to two float32 panels [K][12]. */
// @ts-ignore: decorator
@inline
function widenGroup(to: usize, from: usize, inputs: i32, dtype: i32): void {
  const next = <usize>inputs * (HALF_PANEL * 2);
  const second = <usize>inputs * (PANEL * 4);
  for (const stop = from + next; from < stop; from += 16, to += 48) {
    const a = v128.load(from);
    v128.store(to, low(a, dtype));
    v128.store(to, high(a, dtype), 16);
    const b = v128.load(from + next);
    v128.store(to, low(b, dtype), 32);
    v128.store(to + second, high(b, dtype));
    const c = v128.load(from + 2 * next);
    v128.store(to + second, low(c, dtype), 16);
    v128.store(to + second, high(c, dtype), 32);
  }
}

// @ts-ignore: decorator
@inline
function low(words: v128, dtype: i32): v128 {
  return dtype == BFLOAT16 ? i32x4.shl(words, 16) : widen(v128.and(words, i32x4.splat(0xffff)), dtype);
}

// @ts-ignore: decorator
@inline
function high(words: v128, dtype: i32): v128 {
  return dtype == BFLOAT16 ? v128.and(words, i32x4.splat(0xffff0000)) : widen(i32x4.shr_u(words, 16), dtype);
}

function multiplyPanel(
  output: usize, input: usize, panel: usize, bias: usize, rows: i32, inputs: i32, outputs: i32, first: i32,
  packed: usize,
): void {
  const rowBytes = <usize>inputs << 2;
  const outBytes = <usize>outputs << 2;
  const stop = panel + <usize>inputs * (PANEL * 4);
  for (let m = 0; m < rows; m += 3) {
    const second = min(m + 1, rows - 1);
    const third = min(m + 2, rows - 1);
    let x0 = input + <usize>m * rowBytes;
    let x1 = input + <usize>second * rowBytes;
    let x2 = input + <usize>third * rowBytes;
    let step: usize = 4;
    if (packed) {
      x0 = packed + <usize>m * rowBytes;
      x1 = x0 + 4;
      x2 = x0 + 8;
      step = 12;
    }
    let w = panel;
    let a0 = f32x4.splat(0), b0 = a0, c0 = a0;
    let a1 = a0, b1 = a0, c1 = a0;
    let a2 = a0, b2 = a0, c2 = a0;
    while (true) {
      const wa = v128.load(w);
      const wb = v128.load(w, 16);
      const wc = v128.load(w, 32);
      let t = v128.load_splat<f32>(x0);
      a0 = madd(t, wa, a0);
      b0 = madd(t, wb, b0);
      c0 = madd(t, wc, c0);
      t = v128.load_splat<f32>(x1);
      a1 = madd(t, wa, a1);
      b1 = madd(t, wb, b1);
      c1 = madd(t, wc, c1);
      t = v128.load_splat<f32>(x2);
      a2 = madd(t, wa, a2);
      b2 = madd(t, wb, b2);
      c2 = madd(t, wc, c2);
      x0 += step;
      x1 += step;
      x2 += step;
      w += 48;
      if (w >= stop) break;
    }
    storeRow(output + <usize>m * outBytes, bias, first, outputs, a0, b0, c0);
    storeRow(output + <usize>second * outBytes, bias, first, outputs, a1, b1, c1);
    storeRow(output + <usize>third * outBytes, bias, first, outputs, a2, b2, c2);
  }
}

// @ts-ignore: decorator
@inline
function storeRow(row: usize, bias: usize, first: i32, outputs: i32, a: v128, b: v128, c: v128): void {
  const offset = <usize>first << 2;
  if (first + PANEL <= outputs) {
    if (bias) {
      a = f32x4.add(a, v128.load(bias + offset));
      b = f32x4.add(b, v128.load(bias + offset, 16));
      c = f32x4.add(c, v128.load(bias + offset, 32));
    }
    v128.store(row + offset, a);
    v128.store(row + offset, b, 16);
    v128.store(row + offset, c, 32);
  } else {
    storeLanes(row + offset, a, outputs - first);
    storeLanes(row + offset + 16, b, outputs - first - 4);
    storeLanes(row + offset + 32, c, outputs - first - 8);
    finishSums(row, bias, first, outputs, 1);
  }
}

export function packInput(input: usize, packed: usize, rows: i32, inputs: i32, thread: i32, threads: i32): void {
  const tiles = (rows + 2) / 3;
  const end = firstItem(tiles, thread + 1, threads);
  const rowBytes = <usize>inputs << 2;
  for (let tile = firstItem(tiles, thread, threads); tile < end; tile++) {
    const m = tile * 3;
    let x0 = input + <usize>m * rowBytes;
    let x1 = input + <usize>min(m + 1, rows - 1) * rowBytes;
    let x2 = input + <usize>min(m + 2, rows - 1) * rowBytes;
    let to = packed + <usize>m * rowBytes;
    for (const stop = x0 + rowBytes; x0 < stop; x0 += 4, x1 += 4, x2 += 4, to += 12) {
      store<f32>(to, load<f32>(x0));
      store<f32>(to, load<f32>(x1), 4);
      store<f32>(to, load<f32>(x2), 8);
    }
  }
}
