// Many rows times 16-bit panels [N/8][K][8]: each group of 24 outputs, three panels, is widened once to two float32 panels
// of 12 in the thread's own scratch, and all rows go over those in tiles.

import { widen } from './convert';
import { BFLOAT16, firstItem, FLOAT16, GROUP, HALF_PANEL, PANEL } from './linear-layout';
import { multiplyPanel } from './linear-tile';

/** `scratch` holds 24 · K float32. */
export function linearWiden(
  output: usize, input: usize, weight: usize, bias: usize, rows: i32, inputs: i32, outputs: i32, dtype: i32,
  scratch: usize, thread: i32, threads: i32,
): void {
  const groups = (outputs + GROUP - 1) / GROUP;
  const end = firstItem(groups, thread + 1, threads);
  const bytes = <usize>inputs * (GROUP * 2);
  for (let group = firstItem(groups, thread, threads); group < end; group++) {
    const from = weight + <usize>group * bytes;
    if (dtype == BFLOAT16) widenGroup(scratch, from, inputs, BFLOAT16);
    else widenGroup(scratch, from, inputs, FLOAT16);
    const first = group * GROUP;
    multiplyPanel(output, input, scratch, bias, rows, inputs, outputs, 0, first);
    if (first + PANEL < outputs) {
      multiplyPanel(output, input, scratch + bytes, bias, rows, inputs, outputs, 0, first + PANEL);
    }
  }
}

// @ts-ignore: decorator
@inline
function widenGroup(to: usize, from: usize, inputs: i32, dtype: i32): void {
  const next = <usize>inputs * (HALF_PANEL * 2);
  const second = <usize>inputs * (PANEL * 4);
  for (const stop = from + next; from < stop; from += 16, to += 48) {
    const a = v128.load(from);
    const b = v128.load(from + next);
    const c = v128.load(from + 2 * next);
    v128.store(to, low(a, dtype));
    v128.store(to, high(a, dtype), 16);
    v128.store(to, low(b, dtype), 32);
    v128.store(to + second, high(b, dtype));
    v128.store(to + second, low(c, dtype), 16);
    v128.store(to + second, high(c, dtype), 32);
  }
}

// @ts-ignore: decorator
@inline
function low(words: v128, dtype: i32): v128 {
  return widen(dtype == BFLOAT16 ? words : v128.and(words, i32x4.splat(0xffff)), dtype);
}

// @ts-ignore: decorator
@inline
function high(words: v128, dtype: i32): v128 {
  return dtype == BFLOAT16 ? v128.and(words, i32x4.splat(0xffff0000)) : widen(i32x4.shr_u(words, 16), dtype);
}
