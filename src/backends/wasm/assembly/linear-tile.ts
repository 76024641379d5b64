// Rows times one float32 panel [K][12], in tiles of three rows by twelve outputs: nine accumulators hide the latency of a
// multiply-add and leave room for the operands in the fifteen registers that V8 has.

import { madd } from './fma';
import { PANEL } from './linear-layout';
import { addBias, storeOutputs } from './linear-store';

/**
 * Outputs first … first + 11 of all rows. Rows past the last are the last again, computed and stored twice
 * to the same bits.
 */
export function multiplyPanel(
  output: usize, input: usize, panel: usize, bias: usize, rows: i32, inputs: i32, outputs: i32, first: i32,
): void {
  const inputBytes = <usize>inputs << 2;
  const outputBytes = <usize>outputs << 2;
  const stop = panel + <usize>inputs * (PANEL * 4);
  for (let row = 0; row < rows; row += 3) {
    const second = min(row + 1, rows - 1);
    const third = min(row + 2, rows - 1);
    let x0 = input + <usize>row * inputBytes;
    let x1 = input + <usize>second * inputBytes;
    let x2 = input + <usize>third * inputBytes;
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
      p += 48;
    } while (p < stop);
    storeRow(output + <usize>row * outputBytes, bias, first, outputs, a0, b0, c0);
    storeRow(output + <usize>second * outputBytes, bias, first, outputs, a1, b1, c1);
    storeRow(output + <usize>third * outputBytes, bias, first, outputs, a2, b2, c2);
  }
}

// @ts-ignore: decorator
@inline
function storeRow(row: usize, bias: usize, first: i32, outputs: i32, a: v128, b: v128, c: v128): void {
  const offset = <usize>first << 2;
  const to = row + offset;
  if (first + PANEL > outputs) {
    storeOutputs(row, first, outputs, a);
    storeOutputs(row, first + 4, outputs, b);
    storeOutputs(row, first + 8, outputs, c);
    addBias(row, bias, first, outputs);
    return;
  }
  if (bias) {
    a = f32x4.add(a, v128.load(bias + offset));
    b = f32x4.add(b, v128.load(bias + offset, 16));
    c = f32x4.add(c, v128.load(bias + offset, 32));
  }
  v128.store(to, a);
  v128.store(to, b, 16);
  v128.store(to, c, 32);
}
