// Many rows times 16-bit panels [N/8][K][8]: each group of 24 outputs, three panels, is widened once to two float32 panels
// of 12 in the thread's own scratch, and all rows go over those in tiles.

import { finishColumns } from './linear-finish';
import { BFLOAT16, firstItem, FLOAT16, GROUP, HALF_PANEL, PANEL } from './linear-layout';
import { UNSCALE, widenHigh, widenLow, widenMask } from './linear-words';
import { multiplyTiles } from './product-tile';

/** `scratch` holds 24 · K float32. */
export function linearWiden(
  output: usize, input: usize, weight: usize, bias: usize, rows: i32, inputs: i32, outputs: i32, dtype: i32,
  scratch: usize, kind: i32, addend: usize, thread: i32, threads: i32,
): void {
  const groups = (outputs + GROUP - 1) / GROUP;
  const end = firstItem(groups, thread + 1, threads);
  const bytes = <usize>inputs * (GROUP * 2);
  for (let group = firstItem(groups, thread, threads); group < end; group++) {
    const from = weight + <usize>group * bytes;
    if (dtype == BFLOAT16) widenGroup(scratch, from, inputs, BFLOAT16);
    else widenGroup(scratch, from, inputs, FLOAT16);
    for (let half = 0, first = group * GROUP; half < 2 && first < outputs; half++, first += PANEL) {
      const offset = <usize>first << 2;
      multiplyTiles(
        output + offset, <usize>outputs << 2, input, <usize>inputs << 2, scratch + <usize>half * bytes, PANEL * 4, rows, inputs,
        min(PANEL, outputs - first), bias ? bias + offset : 0, 0,
      );
    }
    finishColumns(output, addend, kind, rows, outputs, group * GROUP, (group + 1) * GROUP);
  }
}

// @ts-ignore: decorator
@inline
function widenGroup(to: usize, from: usize, inputs: i32, dtype: i32): void {
  const next = <usize>inputs * (HALF_PANEL * 2);
  const second = <usize>inputs * (PANEL * 4);
  const mask = v128.load(widenMask(dtype));
  const unscale = v128.load(UNSCALE);
  for (const stop = from + next; from < stop; from += 16, to += 48) {
    const a = v128.load(from);
    v128.store(to, unscaled(widenLow(a, dtype, mask), dtype, unscale));
    v128.store(to, unscaled(widenHigh(a, dtype, mask), dtype, unscale), 16);
    const b = v128.load(from + next);
    v128.store(to, unscaled(widenLow(b, dtype, mask), dtype, unscale), 32);
    v128.store(to + second, unscaled(widenHigh(b, dtype, mask), dtype, unscale));
    const c = v128.load(from + 2 * next);
    v128.store(to + second, unscaled(widenLow(c, dtype, mask), dtype, unscale), 16);
    v128.store(to + second, unscaled(widenHigh(c, dtype, mask), dtype, unscale), 32);
  }
}

// @ts-ignore: decorator
@inline
function unscaled(weights: v128, dtype: i32, unscale: v128): v128 {
  return dtype == BFLOAT16 ? weights : f32x4.mul(weights, unscale);
}
