// Rows times float32 panels [N/12][K][12].
//
// A thread walks four panels at once, from the four quarters of its range: far-apart streams are what the prefetchers
// need to reach the memory's bandwidth. The rows that tiles of three leave over go that way, at least one; tiles then take
// the others while the four panels are in the cache. So a single row runs at the speed of the memory, many rows at that
// of the multiply-adds, and weights leave the memory once.

import { madd } from './fma';
import { firstItem, PANEL } from './linear-layout';
import { finishSums, storeOutputs } from './linear-store';
import { multiplyPanel } from './linear-tile';

export function linearFloat32(
  output: usize, input: usize, weight: usize, bias: usize, rows: i32, inputs: i32, outputs: i32,
  thread: i32, threads: i32,
): void {
  const panels = (outputs + PANEL - 1) / PANEL;
  const begin = firstItem(panels, thread, threads);
  const end = firstItem(panels, thread + 1, threads);
  const singles = (rows - 1) % 3 + 1;
  // Where the range is no multiple of four, quarters overlap by a panel: singles compute it twice, to the same bits.
  const second = begin + firstItem(end - begin, 1, 4);
  const third = begin + firstItem(end - begin, 2, 4);
  const fourth = begin + firstItem(end - begin, 3, 4);
  for (let i = 0; fourth + i < end; i++) {
    for (let row = 0; row < singles; row++) {
      const to = output + <usize>row * <usize>outputs * 4;
      const from = input + <usize>row * <usize>inputs * 4;
      multiplyRow(to, from, weight, inputs, outputs, begin + i, second + i, third + i, fourth + i);
    }
    if (rows == singles) continue;
    if (begin + i < second) tilePanel(output, input, weight, bias, rows, inputs, outputs, singles, begin + i);
    if (second + i < third) tilePanel(output, input, weight, bias, rows, inputs, outputs, singles, second + i);
    if (third + i < fourth) tilePanel(output, input, weight, bias, rows, inputs, outputs, singles, third + i);
    tilePanel(output, input, weight, bias, rows, inputs, outputs, singles, fourth + i);
  }
  for (let row = 0; row < singles; row++) {
    const to = output + <usize>row * <usize>outputs * 4;
    finishSums(to, bias, begin * PANEL, min(end * PANEL, outputs), 1);
  }
}

// @ts-ignore: decorator
@inline
function tilePanel(
  output: usize, input: usize, weight: usize, bias: usize, rows: i32, inputs: i32, outputs: i32, firstRow: i32,
  panel: i32,
): void {
  const from = weight + <usize>panel * <usize>inputs * (PANEL * 4);
  multiplyPanel(output, input, from, bias, rows, inputs, outputs, firstRow, panel * PANEL);
}

/**
 * One row times four panels, without the bias. The breaks are never taken: they end basic blocks, or TurboFan would do all
 * loads of a step first and spill (46 instead of 27 GFLOP/s a core on Node 20 where the panels are cached).
 */
function multiplyRow(
  output: usize, input: usize, weight: usize, inputs: i32, outputs: i32, n0: i32, n1: i32, n2: i32, n3: i32,
): void {
  const bytes = <usize>inputs * (PANEL * 4);
  let x = input;
  let p0 = weight + <usize>n0 * bytes;
  let p1 = weight + <usize>n1 * bytes;
  let p2 = weight + <usize>n2 * bytes;
  let p3 = weight + <usize>n3 * bytes;
  const stop = p0 + bytes;
  let a0 = f32x4.splat(0), b0 = a0, c0 = a0;
  let a1 = a0, b1 = a0, c1 = a0;
  let a2 = a0, b2 = a0, c2 = a0;
  let a3 = a0, b3 = a0, c3 = a0;
  do {
    const t = v128.load_splat<f32>(x);
    a0 = madd(t, v128.load(p0), a0);
    if (p0 == 0) break;
    b0 = madd(t, v128.load(p0, 16), b0);
    if (p0 == 0) break;
    c0 = madd(t, v128.load(p0, 32), c0);
    a1 = madd(t, v128.load(p1), a1);
    if (p1 == 0) break;
    b1 = madd(t, v128.load(p1, 16), b1);
    if (p1 == 0) break;
    c1 = madd(t, v128.load(p1, 32), c1);
    a2 = madd(t, v128.load(p2), a2);
    if (p2 == 0) break;
    b2 = madd(t, v128.load(p2, 16), b2);
    if (p2 == 0) break;
    c2 = madd(t, v128.load(p2, 32), c2);
    a3 = madd(t, v128.load(p3), a3);
    if (p3 == 0) break;
    b3 = madd(t, v128.load(p3, 16), b3);
    if (p3 == 0) break;
    c3 = madd(t, v128.load(p3, 32), c3);
    x += 4;
    p0 += 48;
    p1 += 48;
    p2 += 48;
    p3 += 48;
  } while (p0 < stop);
  storePanel(output, n0, outputs, a0, b0, c0);
  storePanel(output, n1, outputs, a1, b1, c1);
  storePanel(output, n2, outputs, a2, b2, c2);
  storePanel(output, n3, outputs, a3, b3, c3);
}

// @ts-ignore: decorator
@inline
function storePanel(output: usize, panel: i32, outputs: i32, a: v128, b: v128, c: v128): void {
  const first = panel * PANEL;
  storeOutputs(output, first, outputs, a);
  storeOutputs(output, first + 4, outputs, b);
  storeOutputs(output, first + 8, outputs, c);
}
