// sliceColumns, gatherRows, argmax.

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

/** output (rows), int32: the lowest index of the largest element. */
export function argmax(output: usize, input: usize, rows: i32, columns: i32, thread: i32, threads: i32): void {
  const end = firstItem(rows, thread + 1, threads);
  for (let row = firstItem(rows, thread, threads); row < end; row++) {
    store<i32>(output + (<usize>row << 2), indexOfLargest(input + (<usize>row * <usize>columns << 2), columns));
  }
}

function indexOfLargest(row: usize, columns: i32): i32 {
  if (columns < 8) return laterLarger(row, 1, columns, load<f32>(row), 0);
  const step = i32x4.splat(8);
  let best0 = v128.load(row), best1 = v128.load(row, 16);
  let index0 = i32x4(0, 1, 2, 3), index1 = i32x4(4, 5, 6, 7);
  let at0 = index0, at1 = index1;
  const whole = columns & ~7;
  for (let i = 8; i < whole; i += 8) {
    const p = row + (<usize>i << 2);
    index0 = i32x4.add(index0, step);
    index1 = i32x4.add(index1, step);
    const x0 = v128.load(p), x1 = v128.load(p, 16);
    const isLarger0 = f32x4.gt(x0, best0), isLarger1 = f32x4.gt(x1, best1);
    best0 = v128.bitselect(x0, best0, isLarger0);
    best1 = v128.bitselect(x1, best1, isLarger1);
    at0 = v128.bitselect(index0, at0, isLarger0);
    at1 = v128.bitselect(index1, at1, isLarger1);
  }
  // Of equals the one of the lower index, lane by lane, then over the lanes.
  const isFirst = v128.or(
    f32x4.gt(best0, best1),
    v128.and(f32x4.eq(best0, best1), i32x4.lt_s(at0, at1)),
  );
  const best = v128.bitselect(best0, best1, isFirst);
  const at = v128.bitselect(at0, at1, isFirst);
  let largest = f32x4.extract_lane(best, 0);
  let index = i32x4.extract_lane(at, 0);
  if (precedes(f32x4.extract_lane(best, 1), i32x4.extract_lane(at, 1), largest, index)) {
    largest = f32x4.extract_lane(best, 1);
    index = i32x4.extract_lane(at, 1);
  }
  if (precedes(f32x4.extract_lane(best, 2), i32x4.extract_lane(at, 2), largest, index)) {
    largest = f32x4.extract_lane(best, 2);
    index = i32x4.extract_lane(at, 2);
  }
  if (precedes(f32x4.extract_lane(best, 3), i32x4.extract_lane(at, 3), largest, index)) {
    largest = f32x4.extract_lane(best, 3);
    index = i32x4.extract_lane(at, 3);
  }
  return laterLarger(row, whole, columns, largest, index);
}

// @ts-ignore: decorator
@inline
function precedes(value: f32, at: i32, largest: f32, index: i32): bool {
  return value > largest || (value == largest && at < index);
}

/** `index`, or that of a later element from `begin` on that is larger than `largest`. */
// @ts-ignore: decorator
@inline
function laterLarger(row: usize, begin: i32, end: i32, largest: f32, index: i32): i32 {
  for (let i = begin; i < end; i++) {
    const value = load<f32>(row + (<usize>i << 2));
    if (value > largest) {
      largest = value;
      index = i;
    }
  }
  return index;
}
