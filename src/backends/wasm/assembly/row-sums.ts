// Sums over rows, column by column. Rows are cut into blocks of a fixed height; each block is summed from its first row to
// its last into a row of partial sums, and then the partial sums in order: the same bits for any number of threads.

import { storeLanes } from './lanes';
import { firstItem } from './linear-layout';

/** Rows of a block; the host's copy is ROW_BLOCK in ../training-scratch.ts. */
export const ROW_BLOCK: i32 = 64;

// @ts-ignore: decorator
@inline
export function numRowBlocks(rows: i32): i32 {
  return (rows + ROW_BLOCK - 1) / ROW_BLOCK;
}

/** partials (blocks, columns) = sums over the rows of each block of input (rows, columns). */
export function sumRowBlocks(partials: usize, input: usize, rows: i32, columns: i32, thread: i32, threads: i32): void {
  const bytes = <usize>columns << 2;
  const blocks = numRowBlocks(rows);
  const end = firstItem(blocks, thread + 1, threads);
  for (let block = firstItem(blocks, thread, threads); block < end; block++) {
    const first = block * ROW_BLOCK;
    sumRows(partials + <usize>block * bytes, input + <usize>first * bytes, min(ROW_BLOCK, rows - first), columns);
  }
}

/** output (columns) = the rows added up; four at a time while the sums are in registers. */
function sumRows(output: usize, input: usize, rows: i32, columns: i32): void {
  const stride = <usize>columns << 2;
  memory.copy(output, input, stride);
  let row = 1;
  for (; row + 4 <= rows; row += 4) addFourRows(output, input + <usize>row * stride, stride, columns);
  for (; row < rows; row++) addRow(output, input + <usize>row * stride, columns);
}

function addFourRows(output: usize, a: usize, stride: usize, columns: i32): void {
  let b = a + stride;
  let c = b + stride;
  let d = c + stride;
  let left = columns;
  for (; left >= 4; left -= 4, output += 16, a += 16, b += 16, c += 16, d += 16) {
    v128.store(output, sumOfFive(v128.load(output), a, b, c, d));
  }
  if (left > 0) storeLanes(output, sumOfFive(v128.load(output), a, b, c, d), left);
}

// @ts-ignore: decorator
@inline
function sumOfFive(sum: v128, a: usize, b: usize, c: usize, d: usize): v128 {
  sum = f32x4.add(f32x4.add(sum, v128.load(a)), v128.load(b));
  return f32x4.add(f32x4.add(sum, v128.load(c)), v128.load(d));
}

function addRow(output: usize, input: usize, columns: i32): void {
  let left = columns;
  for (; left >= 4; left -= 4, output += 16, input += 16) {
    v128.store(output, f32x4.add(v128.load(output), v128.load(input)));
  }
  if (left > 0) storeLanes(output, f32x4.add(v128.load(output), v128.load(input)), left);
}

/** output (columns) += Σ over the blocks of partials, rows `stride` bytes apart. Threads share the columns. */
export function addPartials(
  output: usize, partials: usize, blocks: i32, stride: usize, columns: i32, thread: i32, threads: i32,
): void {
  const vectors = (columns + 3) >> 2;
  const end = firstItem(vectors, thread + 1, threads);
  for (let i = firstItem(vectors, thread, threads); i < end; i++) {
    const to = output + (<usize>i << 4);
    let from = partials + (<usize>i << 4);
    let sum = v128.load(from);
    for (let block = 1; block < blocks; block++) {
      from += stride;
      sum = f32x4.add(sum, v128.load(from));
    }
    sum = f32x4.add(v128.load(to), sum);
    const left = columns - (i << 2);
    if (left >= 4) v128.store(to, sum);
    else storeLanes(to, sum, left);
  }
}
