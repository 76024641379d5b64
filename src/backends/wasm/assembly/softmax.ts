// softmax, logSoftmax, tokenLogProbs and logSumExp over rows. The sum of a row runs in eight float32 lanes over pieces of 512 elements,
// and from piece to piece in float64: one order, and accurate for a vocabulary.

import { expOfNegative } from './exp';
import { firstLanes, maxLanes, storeLanes, sumLanes } from './lanes';
import { firstItem } from './linear-layout';

export const PIECE: i32 = 512;

/** A row of −∞ alone gives zeros. */
export function softmax(output: usize, input: usize, rows: i32, columns: i32, thread: i32, threads: i32): void {
  const bytes = <usize>columns << 2;
  const end = firstItem(rows, thread + 1, threads);
  for (let row = firstItem(rows, thread, threads); row < end; row++) {
    const from = input + <usize>row * bytes;
    const to = output + <usize>row * bytes;
    const largest = largestOf(from, columns);
    if (largest == -Infinity) {
      memory.fill(to, 0, bytes);
    } else {
      const m = f32x4.splat(largest);
      const factor = f32x4.splat(<f32>(1 / sumOfExponentials(from, largest, columns)));
      let left = columns;
      let x = from, y = to;
      for (; left >= 4; left -= 4, x += 16, y += 16) {
        v128.store(y, f32x4.mul(expOfNegative(f32x4.sub(v128.load(x), m)), factor));
      }
      if (left > 0) storeLanes(y, f32x4.mul(expOfNegative(f32x4.sub(v128.load(x), m)), factor), left);
    }
  }
}

export function logSoftmax(output: usize, input: usize, rows: i32, columns: i32, thread: i32, threads: i32): void {
  const bytes = <usize>columns << 2;
  const end = firstItem(rows, thread + 1, threads);
  for (let row = firstItem(rows, thread, threads); row < end; row++) {
    let from = input + <usize>row * bytes;
    let to = output + <usize>row * bytes;
    const largest = largestOf(from, columns);
    const m = f32x4.splat(largest);
    const log = f32x4.splat(<f32>Math.log(sumOfExponentials(from, largest, columns)));
    let left = columns;
    for (; left >= 4; left -= 4, from += 16, to += 16) {
      v128.store(to, f32x4.sub(f32x4.sub(v128.load(from), m), log));
    }
    if (left > 0) storeLanes(to, f32x4.sub(f32x4.sub(v128.load(from), m), log), left);
  }
}

/** output (rows): logSoftmax of row t at ids[t], to the same bits. */
export function tokenLogProbs(
  output: usize, logits: usize, ids: usize, rows: i32, columns: i32, thread: i32, threads: i32,
): void {
  const end = firstItem(rows, thread + 1, threads);
  for (let row = firstItem(rows, thread, threads); row < end; row++) {
    const from = logits + (<usize>row * <usize>columns << 2);
    const largest = largestOf(from, columns);
    const log = <f32>Math.log(sumOfExponentials(from, largest, columns));
    const chosen = load<f32>(from + (<usize>load<i32>(ids + (<usize>row << 2)) << 2));
    store<f32>(output + (<usize>row << 2), chosen - largest - log);
  }
}

/** output (rows): log Σ e^x of each row. */
export function logSumExp(output: usize, input: usize, rows: i32, columns: i32, thread: i32, threads: i32): void {
  const end = firstItem(rows, thread + 1, threads);
  for (let row = firstItem(rows, thread, threads); row < end; row++) {
    const from = input + (<usize>row * <usize>columns << 2);
    const largest = largestOf(from, columns);
    const isFinite = largest - largest == 0;
    const sum = isFinite ? <f32>(<f64>largest + Math.log(sumOfExponentials(from, largest, columns))) : largest;
    store<f32>(output + (<usize>row << 2), isFinite || !hasNaN(from, columns) ? sum : NaN);
  }
}

function hasNaN(row: usize, columns: i32): bool {
  for (let i = 0; i < columns; i++) {
    const x = load<f32>(row + (<usize>i << 2));
    if (x != x) return true;
  }
  return false;
}

export function largestOf(row: usize, columns: i32): f32 {
  const lowest = f32x4.splat(-Infinity);
  let a = lowest, b = lowest;
  let left = columns;
  for (; left >= 8; left -= 8, row += 32) {
    a = f32x4.pmax(a, v128.load(row));
    b = f32x4.pmax(b, v128.load(row, 16));
  }
  for (; left >= 4; left -= 4, row += 16) a = f32x4.pmax(a, v128.load(row));
  if (left > 0) b = f32x4.pmax(b, v128.bitselect(v128.load(row), lowest, firstLanes(left)));
  return maxLanes(f32x4.pmax(a, b));
}

/** Σ e^(x − largest) */
export function sumOfExponentials(row: usize, largest: f32, columns: i32): f64 {
  const m = f32x4.splat(largest);
  let total: f64 = 0;
  for (let begin = 0; begin < columns; begin += PIECE) {
    let left = min(PIECE, columns - begin);
    let a = f32x4.splat(0), b = a;
    for (; left >= 8; left -= 8, row += 32) {
      a = f32x4.add(a, expOfNegative(f32x4.sub(v128.load(row), m)));
      b = f32x4.add(b, expOfNegative(f32x4.sub(v128.load(row, 16), m)));
    }
    for (; left >= 4; left -= 4, row += 16) a = f32x4.add(a, expOfNegative(f32x4.sub(v128.load(row), m)));
    if (left > 0) b = f32x4.add(b, v128.and(expOfNegative(f32x4.sub(v128.load(row), m)), firstLanes(left)));
    total += <f64>sumLanes(f32x4.add(a, b));
  }
  return total;
}
