// From scores to weights: e^(score − largest) in place, and their sum. The order of the sum depends on a key's position
// alone: eight lanes by position, pieces of 1024 positions. Keys out of sight count as exact zeros, which change nothing.

import { expOfNegative } from './exp';
import { maxLanes, sumLanes } from './lanes';

const PIECE: i32 = 1024;

/**
 * Turns a row of `count` scores (a multiple of 16), the first of which is that of the key at position `base` (a multiple
 * of 16), to weights. Keys `begin … end − 1` are in sight. Returns the sum, 0 if no key has a finite score.
 */
export function weigh(row: usize, base: i32, count: i32, begin: i32, end: i32): f32 {
  hide(row, 0, min(count, begin - base));
  hide(row, max(0, end - base), count);
  const largest = largestOf(row, count);
  if (largest == -Infinity) {
    memory.fill(row, 0, <usize>count << 2);
    return 0;
  }
  const m = f32x4.splat(largest);
  let totalA = f32x4.splat(0), totalB = totalA;
  for (let first = base, last = base + count; first < last; ) {
    const next = min(last, (first & ~(PIECE - 1)) + PIECE);
    let a = f32x4.splat(0), b = a;
    for (const stop = row + (<usize>(next - first) << 2); row < stop; row += 32) {
      const x = expOfNegative(f32x4.sub(v128.load(row), m));
      const y = expOfNegative(f32x4.sub(v128.load(row, 16), m));
      v128.store(row, x);
      v128.store(row, y, 16);
      a = f32x4.add(a, x);
      b = f32x4.add(b, y);
    }
    totalA = f32x4.add(totalA, a);
    totalB = f32x4.add(totalB, b);
    first = next;
  }
  return sumLanes(f32x4.add(totalA, totalB));
}

function hide(row: usize, begin: i32, end: i32): void {
  for (let i = begin; i < end; i++) store<f32>(row + (<usize>i << 2), -Infinity);
}

function largestOf(row: usize, count: i32): f32 {
  let a = f32x4.splat(-Infinity), b = a;
  for (const end = row + (<usize>count << 2); row < end; row += 32) {
    a = f32x4.pmax(a, v128.load(row));
    b = f32x4.pmax(b, v128.load(row, 16));
  }
  return maxLanes(f32x4.pmax(a, b));
}

/** Adds a mask to a row of `count` scores. */
export function addMask(row: usize, mask: usize, count: i32): void {
  let left = count;
  for (; left >= 4; left -= 4, row += 16, mask += 16) v128.store(row, f32x4.add(v128.load(row), v128.load(mask)));
  for (; left > 0; left--, row += 4, mask += 4) store<f32>(row, load<f32>(row) + load<f32>(mask));
}

/**
 * Adds a position bias of `width` columns to a row of `count` scores, the first of which has column `first`. Columns before the
 * first one are the first one, and those behind the last one are the last one.
 */
export function addPositionBias(row: usize, count: i32, bias: usize, width: i32, first: i32): void {
  const begin = min(count, max(0, -first)); // of the scores that have a column
  const end = min(count, max(begin, width - first));
  addToAll(row, begin, load<f32>(bias));
  if (begin < end) addMask(row + (<usize>begin << 2), bias + (<usize>(first + begin) << 2), end - begin);
  addToAll(row + (<usize>end << 2), count - end, load<f32>(bias + (<usize>(width - 1) << 2)));
}

function addToAll(row: usize, count: i32, value: f32): void {
  const values = f32x4.splat(value);
  let left = count;
  for (; left >= 4; left -= 4, row += 16) v128.store(row, f32x4.add(v128.load(row), values));
  for (; left > 0; left--, row += 4) store<f32>(row, load<f32>(row) + value);
}

/** Four rows of `count` weights, `rowBytes` apart, to [count][4]. */
export function transposeWeights(to: usize, row: usize, rowBytes: usize, count: i32): void {
  for (const end = row + (<usize>count << 2); row < end; row += 16, to += 64) {
    const a = v128.load(row);
    const b = v128.load(row + rowBytes);
    const c = v128.load(row + rowBytes * 2);
    const d = v128.load(row + rowBytes * 3);
    const abLow = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
    const cdLow = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
    const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
    const cdHigh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<i64>(abLow, cdLow, 0, 2));
    v128.store(to, v128.shuffle<i64>(abLow, cdLow, 1, 3), 16);
    v128.store(to, v128.shuffle<i64>(abHigh, cdHigh, 0, 2), 32);
    v128.store(to, v128.shuffle<i64>(abHigh, cdHigh, 1, 3), 48);
  }
}
