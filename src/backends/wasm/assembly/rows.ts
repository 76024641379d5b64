// sliceColumns and gatherRows.

import { firstItem } from './linear-layout';

/** output (rows, width) = columns start … start + width − 1 of input (rows, columns). */
export function sliceColumns(
  output: usize, input: usize, rows: i32, columns: i32, start: i32, width: i32, thread: i32, threads: i32,
): void {
  const bytes = <usize>width << 2;
  const stride = <usize>columns << 2;
  const end = firstItem(rows, thread + 1, threads);
  for (let row = firstItem(rows, thread, threads); row < end; row++) {
    memory.copy(output + <usize>row * bytes, input + <usize>row * stride + (<usize>start << 2), bytes);
  }
}

/** output (count, columns): row i is row indices[i] of input. */
export function gatherRows(
  output: usize, input: usize, indices: usize, count: i32, columns: i32, thread: i32, threads: i32,
): void {
  const bytes = <usize>columns << 2;
  const end = firstItem(count, thread + 1, threads);
  for (let row = firstItem(count, thread, threads); row < end; row++) {
    const source = <usize>load<i32>(indices + (<usize>row << 2));
    memory.copy(output + <usize>row * bytes, input + source * bytes, bytes);
  }
}
