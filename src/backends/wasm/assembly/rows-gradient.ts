// scatterAddRows and padColumns: what undoes gathering rows and slicing columns.

import { storeLanes } from './lanes';
import { firstItem } from './linear-layout';

/**
 * Row indices[i] of output (…, columns) += row i of input (count, columns), in the order of i. Threads share the columns,
 * so each keeps the order.
 */
export function scatterAddRows(
  output: usize, input: usize, indices: usize, count: i32, columns: i32, thread: i32, threads: i32,
): void {
  const vectors = (columns + 3) >> 2;
  const begin = firstItem(vectors, thread, threads) << 2;
  const width = min(columns, firstItem(vectors, thread + 1, threads) << 2) - begin;
  if (width <= 0) return;
  for (let i = 0; i < count; i++) {
    const row = load<i32>(indices + (<usize>i << 2));
    let to = output + ((<usize>row * <usize>columns + <usize>begin) << 2);
    let from = input + ((<usize>i * <usize>columns + <usize>begin) << 2);
    let left = width;
    for (; left >= 4; left -= 4, to += 16, from += 16) v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
    if (left > 0) storeLanes(to, f32x4.add(v128.load(to), v128.load(from)), left);
  }
}

/** output (rows, columns) = zeros but for columns start … start + width − 1, which are input (rows, width). */
export function padColumns(
  output: usize, input: usize, rows: i32, columns: i32, start: i32, width: i32, thread: i32, threads: i32,
): void {
  const before = <usize>start << 2;
  const bytes = <usize>width << 2;
  const after = <usize>(columns - start - width) << 2;
  const end = firstItem(rows, thread + 1, threads);
  for (let row = firstItem(rows, thread, threads); row < end; row++) {
    const to = output + (<usize>row * <usize>columns << 2);
    memory.fill(to, 0, before);
    memory.copy(to + before, input + <usize>row * bytes, bytes);
    memory.fill(to + before + bytes, 0, after);
  }
}
