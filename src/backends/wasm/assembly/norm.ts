// layerNorm and rmsNorm, row by row. A sum runs in sixteen lanes over the row, whatever lies around the row: lanes past its
// end are masked.

import { madd } from './fma';
import { firstLanes, storeLanes, sumLanes } from './lanes';
import { firstItem } from './linear-layout';

/** output (rows, columns) = (x − mean) / √(variance + epsilon) · weight + bias; bias 0: none. */
export function layerNorm(
  output: usize, input: usize, weight: usize, bias: usize, rows: i32, columns: i32, epsilon: f32,
  thread: i32, threads: i32,
): void {
  const bytes = <usize>columns << 2;
  const end = firstItem(rows, thread + 1, threads);
  for (let row = firstItem(rows, thread, threads); row < end; row++) {
    const from = input + <usize>row * bytes;
    const mean = sumRow(from, columns) / <f32>columns;
    const variance = sumSquares(from, mean, columns) / <f32>columns;
    const factor = <f32>1 / sqrt<f32>(variance + epsilon);
    normalize(output + <usize>row * bytes, from, weight, bias, columns, mean, factor);
  }
}

/** output (rows, columns) = x / √(mean(x²) + epsilon) · weight */
export function rmsNorm(
  output: usize, input: usize, weight: usize, rows: i32, columns: i32, epsilon: f32, thread: i32, threads: i32,
): void {
  const bytes = <usize>columns << 2;
  const end = firstItem(rows, thread + 1, threads);
  for (let row = firstItem(rows, thread, threads); row < end; row++) {
    const from = input + <usize>row * bytes;
    const factor = <f32>1 / sqrt<f32>(sumSquares(from, 0, columns) / <f32>columns + epsilon);
    normalize(output + <usize>row * bytes, from, weight, 0, columns, 0, factor);
  }
}

export function sumRow(row: usize, columns: i32): f32 {
  let a = f32x4.splat(0), b = a, c = a, d = a;
  let left = columns;
  for (; left >= 16; left -= 16, row += 64) {
    a = f32x4.add(a, v128.load(row));
    b = f32x4.add(b, v128.load(row, 16));
    c = f32x4.add(c, v128.load(row, 32));
    d = f32x4.add(d, v128.load(row, 48));
  }
  for (; left >= 4; left -= 4, row += 16) a = f32x4.add(a, v128.load(row));
  if (left > 0) b = f32x4.add(b, v128.and(v128.load(row), firstLanes(left)));
  return sumLanes(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
}

/** Σ (x − mean)² */
export function sumSquares(row: usize, mean: f32, columns: i32): f32 {
  const m = f32x4.splat(mean);
  let a = f32x4.splat(0), b = a, c = a, d = a;
  let left = columns;
  for (; left >= 16; left -= 16, row += 64) {
    const w = f32x4.sub(v128.load(row), m);
    a = madd(w, w, a);
    const x = f32x4.sub(v128.load(row, 16), m);
    b = madd(x, x, b);
    const y = f32x4.sub(v128.load(row, 32), m);
    c = madd(y, y, c);
    const z = f32x4.sub(v128.load(row, 48), m);
    d = madd(z, z, d);
  }
  for (; left >= 4; left -= 4, row += 16) {
    const x = f32x4.sub(v128.load(row), m);
    a = madd(x, x, a);
  }
  if (left > 0) {
    const x = v128.and(f32x4.sub(v128.load(row), m), firstLanes(left));
    b = madd(x, x, b);
  }
  return sumLanes(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
}

function normalize(
  output: usize, row: usize, weight: usize, bias: usize, columns: i32, mean: f32, factor: f32,
): void {
  const m = f32x4.splat(mean);
  const r = f32x4.splat(factor);
  let left = columns;
  for (; left >= 4; left -= 4, row += 16, weight += 16, output += 16) {
    v128.store(output, normalized(row, weight, bias, m, r));
    if (bias) bias += 16;
  }
  if (left > 0) storeLanes(output, normalized(row, weight, bias, m, r), left);
}

// @ts-ignore: decorator
@inline
function normalized(row: usize, weight: usize, bias: usize, mean: v128, factor: v128): v128 {
  const x = f32x4.mul(f32x4.sub(v128.load(row), mean), factor);
  return bias ? madd(x, v128.load(weight), v128.load(bias)) : f32x4.mul(x, v128.load(weight));
}
