// draw.

import { firstItem } from './linear-layout';

/**
 * indices int32 (rows), values (rows): where each row of weights (rows, columns) is drawn at uniforms (rows), without weights
 * below minP times its largest.
 */
export function draw(
  indices: usize, values: usize, weights: usize, uniforms: usize, rows: i32, columns: i32, minP: f32,
  thread: i32, threads: i32,
): void {
  const end = firstItem(rows, thread + 1, threads);
  for (let i = firstItem(rows, thread, threads); i < end; i++) {
    const row = weights + (<usize>i * <usize>columns << 2);
    const index = indexAt(row, columns, load<f32>(uniforms + (<usize>i << 2)), minP);
    store<i32>(indices + (<usize>i << 2), index);
    store<f32>(values + (<usize>i << 2), load<f32>(row + (<usize>index << 2)));
  }
}

function indexAt(row: usize, columns: i32, uniform: f32, minP: f32): i32 {
  const end = row + (<usize>columns << 2);
  const least = <f64>minP * <f64>largestOf(row, end);
  let total: f64 = 0;
  for (let p = row; p < end; p += 4) {
    const weight = <f64>load<f32>(p);
    if (weight >= least) total += weight;
  }
  const target = <f64>uniform * total;
  let sum: f64 = 0;
  for (let p = row; p < end; p += 4) {
    const weight = <f64>load<f32>(p);
    if (weight >= least) sum += weight;
    if (sum > target) return <i32>((p - row) >> 2);
  }
  return columns - 1;
}

function largestOf(row: usize, end: usize): f32 {
  let largest: f32 = 0;
  for (let p = row; p < end; p += 4) largest = max(largest, load<f32>(p));
  return largest;
}
