// A stretch of k of several rows times four float32 panels [K][12], added to sums [4 panels][rows][12].
//
// Tiles of three rows by one panel are nine accumulators, enough to hide the latency of a multiply-add; the rows that three
// leaves over, at least one, go over four panels at once: far-apart streams are what the prefetchers need to reach the
// memory's bandwidth.

import { madd } from './fma';
import { PANEL } from './linear-layout';

/** Bytes of the sums of a row and a panel. */
const ROW_BYTES: usize = PANEL * 4;

export function multiplyFloat32(
  sums: usize, input: usize, rows: i32, inputs: i32, p0: usize, p1: usize, p2: usize, p3: usize, depth: i32,
): void {
  const stride = <usize>rows * ROW_BYTES;
  const singles = (rows - 1) % 3 + 1;
  for (let row: usize = 0; row < <usize>singles; row++) {
    multiplyRow(sums + row * ROW_BYTES, stride, input + (row * <usize>inputs << 2), p0, p1, p2, p3, depth);
  }
  multiplyThrees(sums, input, inputs, p0, depth, singles, rows);
  multiplyThrees(sums + stride, input, inputs, p1, depth, singles, rows);
  multiplyThrees(sums + 2 * stride, input, inputs, p2, depth, singles, rows);
  multiplyThrees(sums + 3 * stride, input, inputs, p3, depth, singles, rows);
}

/** Rows firstRow … rows − 1, a multiple of three, times one panel. */
function multiplyThrees(
  sums: usize, input: usize, inputs: i32, panel: usize, depth: i32, firstRow: i32, rows: i32,
): void {
  const inputBytes = <usize>inputs << 2;
  const stop = panel + <usize>depth * (PANEL * 4);
  for (let row = <usize>firstRow; row < <usize>rows; row += 3) {
    const to = sums + row * ROW_BYTES;
    let x0 = input + row * inputBytes;
    let x1 = x0 + inputBytes;
    let x2 = x1 + inputBytes;
    let p = panel;
    let a0 = v128.load(to), b0 = v128.load(to, 16), c0 = v128.load(to, 32);
    let a1 = v128.load(to, 48), b1 = v128.load(to, 64), c1 = v128.load(to, 80);
    let a2 = v128.load(to, 96), b2 = v128.load(to, 112), c2 = v128.load(to, 128);
    do {
      const a = v128.load(p);
      const b = v128.load(p, 16);
      const c = v128.load(p, 32);
      const t0 = v128.load_splat<f32>(x0);
      a0 = madd(t0, a, a0);
      b0 = madd(t0, b, b0);
      c0 = madd(t0, c, c0);
      const t1 = v128.load_splat<f32>(x1);
      a1 = madd(t1, a, a1);
      b1 = madd(t1, b, b1);
      c1 = madd(t1, c, c1);
      const t2 = v128.load_splat<f32>(x2);
      a2 = madd(t2, a, a2);
      b2 = madd(t2, b, b2);
      c2 = madd(t2, c, c2);
      x0 += 4;
      x1 += 4;
      x2 += 4;
      p += 48;
    } while (p < stop);
    storeRow(to, a0, b0, c0);
    storeRow(to + ROW_BYTES, a1, b1, c1);
    storeRow(to + 2 * ROW_BYTES, a2, b2, c2);
  }
}

/**
 * One row times four panels. Its sums of a panel are `stride` bytes after those of the panel before. The breaks are never
 * taken: they end basic blocks, or TurboFan would do all loads of a step first and spill (46 instead of 27 GFLOP/s a core on
 * Node 20 where the panels are cached).
 */
function multiplyRow(
  sums: usize, stride: usize, input: usize, p0: usize, p1: usize, p2: usize, p3: usize, depth: i32,
): void {
  const stop = p0 + <usize>depth * (PANEL * 4);
  const s1 = sums + stride, s2 = s1 + stride, s3 = s2 + stride;
  let x = input;
  let a0 = v128.load(sums), b0 = v128.load(sums, 16), c0 = v128.load(sums, 32);
  let a1 = v128.load(s1), b1 = v128.load(s1, 16), c1 = v128.load(s1, 32);
  let a2 = v128.load(s2), b2 = v128.load(s2, 16), c2 = v128.load(s2, 32);
  let a3 = v128.load(s3), b3 = v128.load(s3, 16), c3 = v128.load(s3, 32);
  do {
    const t = v128.load_splat<f32>(x);
    a0 = madd(t, v128.load(p0), a0);
    if (p0 == 0) break;
    b0 = madd(t, v128.load(p0, 16), b0);
    if (p0 == 0) break;
    c0 = madd(t, v128.load(p0, 32), c0);
    a1 = madd(t, v128.load(p1), a1);
    if (p1 == 0) break;
    b1 = madd(t, v128.load(p1, 16), b1);
    if (p1 == 0) break;
    c1 = madd(t, v128.load(p1, 32), c1);
    a2 = madd(t, v128.load(p2), a2);
    if (p2 == 0) break;
    b2 = madd(t, v128.load(p2, 16), b2);
    if (p2 == 0) break;
    c2 = madd(t, v128.load(p2, 32), c2);
    a3 = madd(t, v128.load(p3), a3);
    if (p3 == 0) break;
    b3 = madd(t, v128.load(p3, 16), b3);
    if (p3 == 0) break;
    c3 = madd(t, v128.load(p3, 32), c3);
    x += 4;
    p0 += 48;
    p1 += 48;
    p2 += 48;
    p3 += 48;
  } while (p0 < stop);
  storeRow(sums, a0, b0, c0);
  storeRow(s1, a1, b1, c1);
  storeRow(s2, a2, b2, c2);
  storeRow(s3, a3, b3, c3);
}

// @ts-ignore: decorator
@inline
function storeRow(sums: usize, a: v128, b: v128, c: v128): void {
  v128.store(sums, a);
  v128.store(sums, b, 16);
  v128.store(sums, c, 32);
}
