// Rows times one float32 panel [inner][12], with strides of all three: what the products of many rows come down to, forward
// and back. In tiles of three rows by twelve columns: nine accumulators hide the latency of a multiply-add and leave room for
// the operands in the fifteen registers that V8 has.

import { madd } from './fma';
import { storeLanes } from './lanes';
import { PANEL } from './linear-layout';

/**
 * output (rows, columns) = input (rows, inner) · panel (inner, 12) + addend; at most 12 columns. Strides are in bytes: from one
 * row to the next, and from one step of the panel to the next. The addend is 0 for none, the output itself to add to it, or a
 * bias with a stride of 0. Each element is one chain of multiply-adds from zero, and then the addend. No byte of the output
 * past the last column is touched.
 */
export function multiplyTiles(
  output: usize, outputStride: usize, input: usize, inputStride: usize, panel: usize, panelStep: usize, rows: i32,
  inner: i32, columns: i32, addend: usize, addendStride: usize,
): void {
  const bytes = <usize>inner << 2;
  for (let row = 0; row < rows; row += 3) {
    const left = rows - row;
    let x0 = input + <usize>row * inputStride;
    let x1 = left > 1 ? x0 + inputStride : x0;
    let x2 = left > 2 ? x1 + inputStride : x0;
    const stop = x0 + bytes;
    let p = panel;
    let a0 = f32x4.splat(0), b0 = a0, c0 = a0;
    let a1 = a0, b1 = a0, c1 = a0;
    let a2 = a0, b2 = a0, c2 = a0;
    do {
      const a = v128.load(p);
      const b = v128.load(p, 16);
      const c = v128.load(p, 32);
      const t0 = v128.load_splat<f32>(x0);
      a0 = madd(t0, a, a0);
      b0 = madd(t0, b, b0);
      c0 = madd(t0, c, c0);
      const t1 = v128.load_splat<f32>(x1);
      a1 = madd(t1, a, a1);
      b1 = madd(t1, b, b1);
      c1 = madd(t1, c, c1);
      const t2 = v128.load_splat<f32>(x2);
      a2 = madd(t2, a, a2);
      b2 = madd(t2, b, b2);
      c2 = madd(t2, c, c2);
      x0 += 4;
      x1 += 4;
      x2 += 4;
      p += panelStep;
    } while (x0 < stop);
    const to = output + <usize>row * outputStride;
    const more = addend ? addend + <usize>row * addendStride : 0;
    storeRow(to, columns, more, a0, b0, c0);
    if (left > 1) storeRow(to + outputStride, columns, more ? more + addendStride : 0, a1, b1, c1);
    if (left > 2) storeRow(to + outputStride * 2, columns, more ? more + addendStride * 2 : 0, a2, b2, c2);
  }
}

// @ts-ignore: decorator
@inline
function storeRow(to: usize, columns: i32, addend: usize, a: v128, b: v128, c: v128): void {
  if (columns < PANEL) return storePart(to, columns, addend, a, b, c);
  if (addend) {
    a = f32x4.add(a, v128.load(addend));
    b = f32x4.add(b, v128.load(addend, 16));
    c = f32x4.add(c, v128.load(addend, 32));
  }
  v128.store(to, a);
  v128.store(to, b, 16);
  v128.store(to, c, 32);
}

function storePart(to: usize, columns: i32, addend: usize, a: v128, b: v128, c: v128): void {
  storeVector(to, columns, addend, a);
  if (columns > 4) storeVector(to + 16, columns - 4, addend ? addend + 16 : 0, b);
  if (columns > 8) storeVector(to + 32, columns - 8, addend ? addend + 32 : 0, c);
}

// @ts-ignore: decorator
@inline
function storeVector(to: usize, columns: i32, addend: usize, sums: v128): void {
  if (addend) sums = f32x4.add(sums, v128.load(addend));
  if (columns >= 4) v128.store(to, sums);
  else storeLanes(to, sums, columns);
}
