// What a linear layer does after its products, while they are still in the caches: an activation, and a residual.

import { activation } from './activation';
import { storeLanes } from './lanes';

/** No activation; others as in activation.ts. */
export const NO_ACTIVATION: i32 = -1;

/**
 * output = activation(output) + addend, in the first `columns` elements of `rows` rows, which are `stride` bytes apart in both.
 * The addend is 0 for none. No byte past the last column is touched.
 */
export function finish(output: usize, addend: usize, kind: i32, rows: i32, columns: i32, stride: usize): void {
  if (kind == NO_ACTIVATION && addend == 0) return;
  const bytes = <usize>columns << 2;
  const wholeBytes = bytes & ~15;
  for (let row = 0; row < rows; row++, output += stride) {
    for (let at: usize = 0; at < wholeBytes; at += 16) {
      v128.store(output + at, finished(v128.load(output + at), addend, at, kind));
    }
    if (wholeBytes < bytes) {
      const last = finished(v128.load(output + wholeBytes), addend, wholeBytes, kind);
      storeLanes(output + wholeBytes, last, columns & 3);
    }
    if (addend) addend += stride;
  }
}

// @ts-ignore: decorator
@inline
function finished(x: v128, addend: usize, at: usize, kind: i32): v128 {
  if (kind != NO_ACTIVATION) x = activation(kind, x);
  return addend ? f32x4.add(x, v128.load(addend + at)) : x;
}

/** The same of outputs first … end − 1 of all rows of `outputs`; those past the last are none. */
export function finishColumns(
  output: usize, addend: usize, kind: i32, rows: i32, outputs: i32, first: i32, end: i32,
): void {
  const offset = <usize>first << 2;
  finish(output + offset, addend ? addend + offset : 0, kind, rows, min(end, outputs) - first, <usize>outputs << 2);
}
