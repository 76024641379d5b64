// topK. A row is gone over once, in order; the largest elements so far stand in the outputs, ranked. Of sixteen elements at a time
// it is asked whether any goes above the last of these, which is true of about count · ln(columns / count) elements of a row in
// random order.

import { firstItem } from './linear-layout';

/** indices int32 (rows, count), values (rows, count): the largest elements of each row of input (rows, columns), largest first. */
export function topK(
  indices: usize, values: usize, input: usize, rows: i32, columns: i32, count: i32, thread: i32, threads: i32,
): void {
  const end = firstItem(rows, thread + 1, threads);
  for (let i = firstItem(rows, thread, threads); i < end; i++) {
    const offset = <usize>i * <usize>count << 2;
    rankRow(indices + offset, values + offset, input + (<usize>i * <usize>columns << 2), columns, count);
  }
}

function rankRow(indices: usize, values: usize, row: usize, columns: i32, count: i32): void {
  let i = 0;
  for (; i < count; i++) insert(indices, values, i, load<f32>(row + (<usize>i << 2)), i);
  const last = values + (<usize>(count - 1) << 2);
  for (; i + 16 <= columns; i += 16) {
    const p = row + (<usize>i << 2);
    if (noneAbove(p, v128.load32_splat(last))) continue;
    for (let j = i; j < i + 16; j++) offer(indices, values, count, load<f32>(row + (<usize>j << 2)), j);
  }
  for (; i < columns; i++) offer(indices, values, count, load<f32>(row + (<usize>i << 2)), i);
}

/** Whether each of sixteen elements is at most `lowest`: false if there is NaN. */
// @ts-ignore: decorator
@inline
function noneAbove(p: usize, lowest: v128): bool {
  const first = v128.and(f32x4.le(v128.load(p), lowest), f32x4.le(v128.load(p, 16), lowest));
  const second = v128.and(f32x4.le(v128.load(p, 32), lowest), f32x4.le(v128.load(p, 48), lowest));
  return i32x4.all_true(v128.and(first, second));
}

/** Takes an element in place of the last, if it ranks before that. */
function offer(indices: usize, values: usize, count: i32, value: f32, index: i32): void {
  if (isAbove(value, load<f32>(values + (<usize>(count - 1) << 2)))) insert(indices, values, count - 1, value, index);
}

/** Puts an element into its place among the `place` before it, behind its equals, and what ranks after it one further. */
function insert(indices: usize, values: usize, place: i32, value: f32, index: i32): void {
  let to = <usize>place << 2;
  for (; to > 0; to -= 4) {
    const before = load<f32>(values + to - 4);
    if (!isAbove(value, before)) break;
    store<f32>(values + to, before);
    store<i32>(indices + to, load<i32>(indices + to - 4));
  }
  store<f32>(values + to, value);
  store<i32>(indices + to, index);
}

/** NaN is above any number. */
// @ts-ignore: decorator
@inline
function isAbove(a: f32, b: f32): bool {
  return a > b || (a != a && b == b);
}
