// One row times float32 panels [N/12][K][12].
//
// A thread walks four panels at once, from the four quarters of its range: far-apart streams are what the prefetchers
// need to reach the memory's bandwidth. The quarters overlap by a panel where the range is not a multiple of four; the
// panel is then computed twice, to the same bits.
//
// `if (...) break` between two steps keeps binaryen and TurboFan from hoisting all loads of the loop body, which spills.

import { madd } from './fma';
import { firstItem, PANEL } from './linear-layout';
import { finishSums, storeLanes } from './linear-store';

export function gemvFloat32(
  output: usize, input: usize, weight: usize, bias: usize, inputs: i32, outputs: i32, thread: i32, threads: i32,
): void {
  const panels = (outputs + PANEL - 1) / PANEL;
  const begin = firstItem(panels, thread, threads);
  const count = firstItem(panels, thread + 1, threads) - begin;
  const bytes = <usize>inputs * (PANEL * 4);
  let n0 = begin;
  let n1 = begin + firstItem(count, 1, 4);
  let n2 = begin + firstItem(count, 2, 4);
  let n3 = begin + firstItem(count, 3, 4);
  for (const end = begin + count; n3 < end; n0++, n1++, n2++, n3++) {
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
    while (true) {
      let t = v128.load_splat<f32>(x);
      a0 = madd(t, v128.load(p0), a0);
      b0 = madd(t, v128.load(p0, 16), b0);
      c0 = madd(t, v128.load(p0, 32), c0);
      a1 = madd(t, v128.load(p1), a1);
      b1 = madd(t, v128.load(p1, 16), b1);
      c1 = madd(t, v128.load(p1, 32), c1);
      a2 = madd(t, v128.load(p2), a2);
      b2 = madd(t, v128.load(p2, 16), b2);
      c2 = madd(t, v128.load(p2, 32), c2);
      a3 = madd(t, v128.load(p3), a3);
      b3 = madd(t, v128.load(p3, 16), b3);
      c3 = madd(t, v128.load(p3, 32), c3);
      x += 4;
      p0 += 48;
      p1 += 48;
      p2 += 48;
      p3 += 48;
      if (p0 >= stop) break;
    }
    storePanel(output, n0, outputs, a0, b0, c0);
    storePanel(output, n1, outputs, a1, b1, c1);
    storePanel(output, n2, outputs, a2, b2, c2);
    storePanel(output, n3, outputs, a3, b3, c3);
  }
  finishSums(output, bias, begin * PANEL, min((begin + count) * PANEL, outputs), 1);
}

// @ts-ignore: decorator
@inline
function storePanel(output: usize, panel: i32, outputs: i32, a: v128, b: v128, c: v128): void {
  const first = panel * PANEL;
  const to = output + (<usize>first << 2);
  if (first + PANEL <= outputs) {
    v128.store(to, a);
    v128.store(to, b, 16);
    v128.store(to, c, 32);
  } else {
    storeLanes(to, a, outputs - first);
    storeLanes(to + 16, b, outputs - first - 4);
    storeLanes(to + 32, c, outputs - first - 8);
  }
}
