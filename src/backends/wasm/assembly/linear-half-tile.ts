// Three or four rows times one 16-bit panel [K][8], widened on the fly: eight sums, the widened weights and an input fit
// into the fifteen registers that V8 has, with pointers enough. (Tiles of five and six rows have more sums to hide the
// latency of a multiply-add with, but V8 spills their pointers: half the speed.)

import { madd } from './fma';
import { BFLOAT16, FLOAT16, HALF_PANEL } from './linear-layout';
import { storePanel } from './linear-store';
import { widenHigh, widenLow, widenMask } from './linear-words';

/** Rows 0 … rows − 1, 3 or 4 of them, times a panel, without factor and bias. */
// @ts-ignore: decorator
@inline
export function multiplyTile(
  output: usize, input: usize, weight: usize, inputs: i32, outputs: i32, panel: i32, rows: i32, dtype: i32,
): void {
  if (dtype == BFLOAT16) {
    if (rows == 4) fourBfloat16(output, input, weight, inputs, outputs, panel);
    else threeBfloat16(output, input, weight, inputs, outputs, panel);
  } else {
    if (rows == 4) fourFloat16(output, input, weight, inputs, outputs, panel);
    else threeFloat16(output, input, weight, inputs, outputs, panel);
  }
}

function fourBfloat16(output: usize, input: usize, weight: usize, inputs: i32, outputs: i32, panel: i32): void {
  multiplyRows(output, input, weight, inputs, outputs, panel, true, BFLOAT16);
}

function threeBfloat16(output: usize, input: usize, weight: usize, inputs: i32, outputs: i32, panel: i32): void {
  multiplyRows(output, input, weight, inputs, outputs, panel, false, BFLOAT16);
}

function fourFloat16(output: usize, input: usize, weight: usize, inputs: i32, outputs: i32, panel: i32): void {
  multiplyRows(output, input, weight, inputs, outputs, panel, true, FLOAT16);
}

function threeFloat16(output: usize, input: usize, weight: usize, inputs: i32, outputs: i32, panel: i32): void {
  multiplyRows(output, input, weight, inputs, outputs, panel, false, FLOAT16);
}

// @ts-ignore: decorator
@inline
function multiplyRows(
  output: usize, input: usize, weight: usize, inputs: i32, outputs: i32, panel: i32, hasFourth: bool, dtype: i32,
): void {
  const mask = v128.load(widenMask(dtype));
  const inputBytes = <usize>inputs << 2;
  const bytes = <usize>inputs * (HALF_PANEL * 2);
  let p = weight + <usize>panel * bytes;
  const stop = p + bytes;
  let x0 = input;
  let x1 = x0 + inputBytes;
  let x2 = x1 + inputBytes;
  let x3 = x2 + inputBytes;
  let a0 = f32x4.splat(0), b0 = a0, a1 = a0, b1 = a0, a2 = a0, b2 = a0, a3 = a0, b3 = a0;
  do {
    const words = v128.load(p);
    const low = widenLow(words, dtype, mask);
    const high = widenHigh(words, dtype, mask);
    const t0 = v128.load_splat<f32>(x0);
    a0 = madd(t0, low, a0);
    b0 = madd(t0, high, b0);
    const t1 = v128.load_splat<f32>(x1);
    a1 = madd(t1, low, a1);
    b1 = madd(t1, high, b1);
    const t2 = v128.load_splat<f32>(x2);
    a2 = madd(t2, low, a2);
    b2 = madd(t2, high, b2);
    if (hasFourth) {
      const t3 = v128.load_splat<f32>(x3);
      a3 = madd(t3, low, a3);
      b3 = madd(t3, high, b3);
      x3 += 4;
    }
    x0 += 4;
    x1 += 4;
    x2 += 4;
    p += 16;
  } while (p < stop);
  const outputBytes = <usize>outputs << 2;
  storePanel(output, panel, outputs, a0, b0);
  storePanel(output + outputBytes, panel, outputs, a1, b1);
  storePanel(output + 2 * outputBytes, panel, outputs, a2, b2);
  if (hasFourth) storePanel(output + 3 * outputBytes, panel, outputs, a3, b3);
}
