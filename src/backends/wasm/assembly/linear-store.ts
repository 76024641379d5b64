// What ends every product. Nothing is written past the last output.

import { storeLanes } from './lanes';

/** Stores the lanes of outputs first … first + 3 that exist. */
// @ts-ignore: decorator
@inline
export function storeOutputs(row: usize, first: i32, outputs: i32, sums: v128): void {
  const to = row + (<usize>first << 2);
  if (first + 4 <= outputs) v128.store(to, sums);
  else if (first < outputs) storeLanes(to, sums, outputs - first);
}

/** Outputs begin … end − 1 of a row times `factor`, a power of two, plus the bias (0 for none). */
export function finishSums(row: usize, bias: usize, begin: i32, end: i32, factor: f32): void {
  if (bias == 0 && factor == 1) return;
  const factors = f32x4.splat(factor);
  const stop = row + (<usize>end << 2);
  let to = row + (<usize>begin << 2);
  let from = bias + (<usize>begin << 2);
  for (; to + 16 <= stop; to += 16, from += 16) {
    const sum = f32x4.mul(v128.load(to), factors);
    v128.store(to, bias ? f32x4.add(sum, v128.load(from)) : sum);
  }
  for (; to < stop; to += 4, from += 4) {
    const sum = load<f32>(to) * factor;
    store<f32>(to, bias ? sum + load<f32>(from) : sum);
  }
}
