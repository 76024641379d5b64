// argmax.

import { firstItem } from './linear-layout';
import { take } from './sync';

/** Bytes of what a thread finds in its piece of a row: index and value. */
const FOUND_BYTES: usize = 8;

/**
 * indices int32 (rows), values (rows): the largest element of each row, the first of equals; the first NaN if there is one.
 *
 * Threads share the rows; where there are fewer rows than threads, the columns: each finds the largest of its piece of every row,
 * and the last to be done the largest of these. `found` (rows, threads) is theirs meanwhile; `numDone` is a word of the command
 * that begins at 0.
 */
export function argmax(
  indices: usize, values: usize, input: usize, rows: i32, columns: i32, found: usize, numDone: usize, thread: i32,
  threads: i32,
): void {
  if (rows >= threads) {
    const end = firstItem(rows, thread + 1, threads);
    for (let i = firstItem(rows, thread, threads); i < end; i++) {
      findLargest(indices + (<usize>i << 2), values + (<usize>i << 2), rowAt(input, i, columns), 0, columns);
    }
    return;
  }
  const begin = firstItem(columns, thread, threads);
  const end = firstItem(columns, thread + 1, threads);
  for (let i = 0; i < rows && begin < end; i++) {
    const at = found + <usize>(i * threads + thread) * FOUND_BYTES;
    findLargest(at, at + 4, rowAt(input, i, columns), begin, end);
  }
  if (take(numDone) < threads - 1) return;
  for (let i = 0; i < rows; i++) {
    const pieces = found + <usize>(i * threads) * FOUND_BYTES;
    chooseLargest(indices + (<usize>i << 2), values + (<usize>i << 2), pieces, columns, threads);
  }
}

// @ts-ignore: decorator
@inline
function rowAt(input: usize, row: i32, columns: i32): usize {
  return input + (<usize>row * <usize>columns << 2);
}

/** The largest of the elements begin … end − 1 of a row. */
function findLargest(toIndex: usize, toValue: usize, row: usize, begin: i32, end: i32): void {
  const index = begin + indexOfLargest(row + (<usize>begin << 2), end - begin);
  store<i32>(toIndex, index);
  store<f32>(toValue, load<f32>(row + (<usize>index << 2)));
}

/** The largest of what the threads found in a row, from its first piece to its last, so that the first of equals stays. */
function chooseLargest(toIndex: usize, toValue: usize, found: usize, columns: i32, threads: i32): void {
  let index = 0;
  let largest: f32 = 0;
  let isFirst = true;
  for (let piece = 0; piece < threads; piece++, found += FOUND_BYTES) {
    if (firstItem(columns, piece, threads) == firstItem(columns, piece + 1, threads)) continue;
    const value = load<f32>(found, 4);
    if (!isFirst && !(value > largest) && !(value != value && largest == largest)) continue;
    index = load<i32>(found);
    largest = value;
    isFirst = false;
  }
  store<i32>(toIndex, index);
  store<f32>(toValue, largest);
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
