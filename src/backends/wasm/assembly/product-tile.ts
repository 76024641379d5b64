// Rows times one float32 panel [inner][12], with strides of all three: what every product of a gradient comes down to. In
// tiles of three rows by twelve columns, as the forward product (linear-tile.ts).

import { madd } from './fma';
import { storeLanes } from './lanes';
import { PANEL } from './linear-layout';

/**
 * output (rows, columns) = input (rows, inner) · panel (inner, 12), or += with `adds`; at most 12 columns. Strides are in
 * bytes: of rows of the output and the input, and from one step of the panel to the next. Each element is one chain of
 * multiply-adds from zero, added to the output as a whole. No byte of the output past the last column is touched.
 */
export function multiplyTiles(
  output: usize, outputStride: usize, input: usize, inputStride: usize, panel: usize, panelStep: usize, rows: i32,
  inner: i32, columns: i32, adds: bool,
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
    storeRow(to, columns, adds, a0, b0, c0);
    if (left > 1) storeRow(to + outputStride, columns, adds, a1, b1, c1);
    if (left > 2) storeRow(to + outputStride * 2, columns, adds, a2, b2, c2);
  }
}

// @ts-ignore: decorator
@inline
function storeRow(to: usize, columns: i32, adds: bool, a: v128, b: v128, c: v128): void {
  if (columns < PANEL) return storePart(to, columns, adds, a, b, c);
  if (adds) {
    a = f32x4.add(v128.load(to), a);
    b = f32x4.add(v128.load(to, 16), b);
    c = f32x4.add(v128.load(to, 32), c);
  }
  v128.store(to, a);
  v128.store(to, b, 16);
  v128.store(to, c, 32);
}

function storePart(to: usize, columns: i32, adds: bool, a: v128, b: v128, c: v128): void {
  storeVector(to, columns, adds, a);
  if (columns > 4) storeVector(to + 16, columns - 4, adds, b);
  if (columns > 8) storeVector(to + 32, columns - 8, adds, c);
}

// @ts-ignore: decorator
@inline
function storeVector(to: usize, columns: i32, adds: bool, sums: v128): void {
  if (adds) sums = f32x4.add(v128.load(to), sums);
  if (columns >= 4) v128.store(to, sums);
  else storeLanes(to, sums, columns);
}
