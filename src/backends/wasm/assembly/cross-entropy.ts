// The loss of a language model and its gradient, row by row. Sums run as in softmax.ts.

import { expOfNegative } from './exp';
import { firstLanes, storeLanes, sumLanes } from './lanes';
import { firstItem } from './linear-layout';
import { largestOf, PIECE, sumOfExponentials } from './softmax';

/**
 * losses (rows): (1 − smoothing) · −log p[id] + smoothing · mean over v of −log p[v] + zLoss · (log Σ e^logits)², p the
 * softmax of a row of logits (rows, columns).
 */
export function crossEntropy(
  losses: usize, logits: usize, ids: usize, rows: i32, columns: i32, smoothing: f32, zLoss: f32,
  thread: i32, threads: i32,
): void {
  const end = firstItem(rows, thread + 1, threads);
  for (let row = firstItem(rows, thread, threads); row < end; row++) {
    const x = logits + (<usize>row * <usize>columns << 2);
    const largest = largestOf(x, columns);
    const log = Math.log(sumOfExponentials(x, largest, columns));
    const chosen = load<f32>(x + (<usize>load<i32>(ids + (<usize>row << 2)) << 2));
    let loss = (1 - <f64>smoothing) * (log + (<f64>largest - <f64>chosen));
    if (smoothing > 0) loss += <f64>smoothing * (log - sumOfDifferences(x, largest, columns) / <f64>columns);
    const logSum = log + <f64>largest;
    if (zLoss != 0) loss += <f64>zLoss * logSum * logSum;
    store<f32>(losses + (<usize>row << 2), <f32>loss);
  }
}

/** Σ (x − largest) */
function sumOfDifferences(row: usize, largest: f32, columns: i32): f64 {
  const m = f32x4.splat(largest);
  let total: f64 = 0;
  for (let begin = 0; begin < columns; begin += PIECE) {
    let left = min(PIECE, columns - begin);
    let a = f32x4.splat(0);
    for (; left >= 4; left -= 4, row += 16) a = f32x4.add(a, f32x4.sub(v128.load(row), m));
    if (left > 0) a = f32x4.add(a, v128.and(f32x4.sub(v128.load(row), m), firstLanes(left)));
    total += <f64>sumLanes(a);
  }
  return total;
}

/**
 * logitGrad (rows, columns) = lossGrads[row] · (p · (1 + 2 · zLoss · log Σ e^logits) − smoothing / columns − (1 − smoothing)
 * at ids[row]). Exponentials are written first and scaled when their sum is known: one for each element.
 */
export function crossEntropyGradient(
  logitGrad: usize, lossGrads: usize, logits: usize, ids: usize, rows: i32, columns: i32, smoothing: f32, zLoss: f32,
  thread: i32, threads: i32,
): void {
  const bytes = <usize>columns << 2;
  const end = firstItem(rows, thread + 1, threads);
  for (let row = firstItem(rows, thread, threads); row < end; row++) {
    const x = logits + <usize>row * bytes;
    const to = logitGrad + <usize>row * bytes;
    const grad = <f64>load<f32>(lossGrads + (<usize>row << 2));
    const largest = largestOf(x, columns);
    const sum = writeExponentials(to, x, largest, columns);
    const logSum = zLoss != 0 ? Math.log(sum) + <f64>largest : 0;
    const factor = grad * (1 + 2 * <f64>zLoss * logSum) / sum;
    scaleRow(to, columns, <f32>factor, <f32>(grad * <f64>smoothing / <f64>columns));
    const chosen = to + (<usize>load<i32>(ids + (<usize>row << 2)) << 2);
    store<f32>(chosen, load<f32>(chosen) - <f32>(grad * (1 - <f64>smoothing)));
  }
}

/** to = e^(row − largest); returns the sum, in the order of `sumOfExponentials`. */
function writeExponentials(to: usize, row: usize, largest: f32, columns: i32): f64 {
  const m = f32x4.splat(largest);
  let total: f64 = 0;
  for (let begin = 0; begin < columns; begin += PIECE) {
    let left = min(PIECE, columns - begin);
    let a = f32x4.splat(0), b = a;
    for (; left >= 8; left -= 8, row += 32, to += 32) {
      const x = expOfNegative(f32x4.sub(v128.load(row), m));
      const y = expOfNegative(f32x4.sub(v128.load(row, 16), m));
      v128.store(to, x);
      v128.store(to, y, 16);
      a = f32x4.add(a, x);
      b = f32x4.add(b, y);
    }
    for (; left >= 4; left -= 4, row += 16, to += 16) {
      const x = expOfNegative(f32x4.sub(v128.load(row), m));
      v128.store(to, x);
      a = f32x4.add(a, x);
    }
    if (left > 0) {
      const x = expOfNegative(f32x4.sub(v128.load(row), m));
      storeLanes(to, x, left);
      b = f32x4.add(b, v128.and(x, firstLanes(left)));
    }
    total += <f64>sumLanes(f32x4.add(a, b));
  }
  return total;
}

/** row = row · factor − offset */
function scaleRow(row: usize, columns: i32, factor: f32, offset: f32): void {
  const f = f32x4.splat(factor);
  const o = f32x4.splat(offset);
  let left = columns;
  for (; left >= 4; left -= 4, row += 16) v128.store(row, f32x4.sub(f32x4.mul(v128.load(row), f), o));
  if (left > 0) storeLanes(row, f32x4.sub(f32x4.mul(v128.load(row), f), o), left);
}
