// argmax.

import { firstItem } from './linear-layout';

/** indices int32 (rows), values (rows): the largest element of each row, the first of equals; the first NaN if there is one. */
export function argmax(
  indices: usize, values: usize, input: usize, rows: i32, columns: i32, thread: i32, threads: i32,
): void {
  const end = firstItem(rows, thread + 1, threads);
  for (let i = firstItem(rows, thread, threads); i < end; i++) {
    const row = input + (<usize>i * <usize>columns << 2);
    const index = indexOfLargest(row, columns);
    store<i32>(indices + (<usize>i << 2), index);
    store<f32>(values + (<usize>i << 2), load<f32>(row + (<usize>index << 2)));
  }
}

function indexOfLargest(row: usize, columns: i32): i32 {
  if (columns < 8) return laterLarger(row, 0, columns, load<f32>(row), 0);
  const step = i32x4.splat(8);
  let best0 = v128.load(row), best1 = v128.load(row, 16);
  let index0 = i32x4(0, 1, 2, 3), index1 = i32x4(4, 5, 6, 7);
  let at0 = index0, at1 = index1;
  let isNaN = v128.or(f32x4.ne(best0, best0), f32x4.ne(best1, best1));
  const whole = columns & ~7;
  for (let i = 8; i < whole; i += 8) {
    const p = row + (<usize>i << 2);
    index0 = i32x4.add(index0, step);
    index1 = i32x4.add(index1, step);
    const x0 = v128.load(p), x1 = v128.load(p, 16);
    isNaN = v128.or(isNaN, v128.or(f32x4.ne(x0, x0), f32x4.ne(x1, x1)));
    const isLarger0 = f32x4.gt(x0, best0), isLarger1 = f32x4.gt(x1, best1);
    best0 = v128.bitselect(x0, best0, isLarger0);
    best1 = v128.bitselect(x1, best1, isLarger1);
    at0 = v128.bitselect(index0, at0, isLarger0);
    at1 = v128.bitselect(index1, at1, isLarger1);
  }
  if (v128.any_true(isNaN)) return firstNaN(row);
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

/** There is one. */
function firstNaN(row: usize): i32 {
  let i = 0;
  while (load<f32>(row + (<usize>i << 2)) == load<f32>(row + (<usize>i << 2))) i++;
  return i;
}

/** `index`, or that of a later element from `begin` on that is larger than `largest`, or the first NaN. */
// @ts-ignore: decorator
@inline
function laterLarger(row: usize, begin: i32, end: i32, largest: f32, index: i32): i32 {
  for (let i = begin; i < end; i++) {
    const value = load<f32>(row + (<usize>i << 2));
    if (value != value) return i;
    if (value > largest) {
      largest = value;
      index = i;
    }
  }
  return index;
}
