// Rows of a matrix as float32. The cells of all rows are dealt to the threads, so that one token uses every thread too.

import { loadOne } from './convert';
import { columnStride, firstItem, rowAddress } from './linear-layout';
import { isQuantized } from './quantized-layout';
import { copyQuantizedRow } from './quantized-rows';

/** output (numIds, columns): row i is row ids[i] of the table (rows, columns). */
export function embed(
  output: usize, table: usize, ids: usize, numIds: i32, rows: i32, columns: i32, dtype: i32,
  thread: i32, threads: i32,
): void {
  const pieces = numIds == 1 ? threads : 1;
  const last = firstItem(numIds * pieces, thread + 1, threads);
  for (let i = firstItem(numIds * pieces, thread, threads); i < last; i++) {
    const token = i / pieces;
    const begin = firstItem(columns, i % pieces, pieces);
    const end = firstItem(columns, i % pieces + 1, pieces);
    const row = load<i32>(ids + (<usize>token << 2));
    copyRow(output + <usize>token * <usize>columns * 4, table, row, begin, end, columns, dtype);
  }
}

/** Columns begin … end − 1 of a row to the same columns of `output`. */
export function copyRow(
  output: usize, matrix: usize, row: i32, begin: i32, end: i32, columns: i32, dtype: i32,
): void {
  if (isQuantized(dtype)) return copyQuantizedRow(output, matrix, row, begin, end, columns, dtype);
  const step = columnStride(dtype);
  let from = rowAddress(matrix, row, columns, dtype) + <usize>begin * step;
  const stop = output + (<usize>end << 2);
  for (let to = output + (<usize>begin << 2); to < stop; to += 4) {
    v128.store_lane<u32>(to, loadOne(from, dtype), 0);
    from += step;
  }
}
