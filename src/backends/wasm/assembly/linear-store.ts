// Where products begin and end. Nothing is written past the last output.

import { storeLanes } from './lanes';

/** Makes `bytes` bytes of sums zeros, a multiple of 16. */
// @ts-ignore: decorator
@inline
export function clearSums(sums: usize, bytes: usize): void {
  for (const stop = sums + bytes; sums < stop; sums += 16) v128.store(sums, f32x4.splat(0));
}

/**
 * Stores sums [rows][width], times the factor of their row, a power of two, plus the bias, as outputs first … first + width
 * − 1 of all rows. `bias` and `factors` are 0 for none.
 */
export function storeSums(
  output: usize, sums: usize, bias: usize, factors: usize, rows: i32, outputs: i32, first: i32, width: i32,
): void {
  const end = min(first + width, outputs);
  const skipped = <usize>(first + width - end) >> 2 << 4;
  for (let row = 0; row < rows; row++, output += <usize>outputs << 2) {
    for (let i = first; i < end; i += 4, sums += 16) {
      let sum = v128.load(sums);
      if (factors) sum = f32x4.mul(sum, v128.load_splat<f32>(factors + (<usize>row << 2)));
      // What is read past the last output is padding of the buffer.
      if (bias) sum = f32x4.add(sum, v128.load(bias + (<usize>i << 2)));
      storeOutputs(output, i, outputs, sum);
    }
    sums += skipped;
  }
}

/** Stores the lanes of outputs first … first + 3 that exist. */
// @ts-ignore: decorator
@inline
export function storeOutputs(row: usize, first: i32, outputs: i32, sums: v128): void {
  const to = row + (<usize>first << 2);
  if (first + 4 <= outputs) v128.store(to, sums);
  else if (first < outputs) storeLanes(to, sums, outputs - first);
}
