// What a block of 48 queries sees, and the step from its scores to weights and score gradients. Lanes are queries: a panel is
// twelve of them, three vectors, and a row of it is a key.

import { expOfNegative } from './exp';
import { PANEL } from './linear-layout';

const BLOCK: i32 = 48;
const PANELS: i32 = 4;

// Four lanes each of: −∞, and 2⁻⁸⁰. Smaller exponentials count as zeros, so that no product with them is denormal: those are
// slow, and one of 2⁻⁸⁰ beside one of 1 is far below rounding.
const TABLE = memory.data<f32>([
  -Infinity, -Infinity, -Infinity, -Infinity,
  8.271806125530277e-25, 8.271806125530277e-25, 8.271806125530277e-25, 8.271806125530277e-25,
], 16);

/** The keys in sight: begin … end − 1 of the block, and of each query and panel. Queries past the last see nothing. */
// @ts-ignore: decorator
@unmanaged
export class Sight {
  begin: i32;
  end: i32;
  // int32 (48) begins, (48) ends, (4) panel begins, (4) panel ends follow.

  // @ts-ignore: decorator
  @inline
  get queryBegins(): usize {
    return changetype<usize>(this) + 16;
  }

  // @ts-ignore: decorator
  @inline
  get queryEnds(): usize {
    return this.queryBegins + BLOCK * 4;
  }

  // @ts-ignore: decorator
  @inline
  get panelBegins(): usize {
    return this.queryEnds + BLOCK * 4;
  }

  // @ts-ignore: decorator
  @inline
  get panelEnds(): usize {
    return this.panelBegins + PANELS * 4;
  }

  // @ts-ignore: decorator
  @inline
  beginOf(panel: i32): i32 {
    return load<i32>(this.panelBegins + (<usize>panel << 2));
  }

  // @ts-ignore: decorator
  @inline
  endOf(panel: i32): i32 {
    return load<i32>(this.panelEnds + (<usize>panel << 2));
  }

  /** Of `count` queries, the first of which stands at key `own`. Both ends grow with the query. */
  look(keyLength: i32, own: i32, count: i32, isCausal: bool, window: i32): void {
    this.begin = i32.MAX_VALUE;
    this.end = 0;
    for (let panel = 0; panel < PANELS; panel++) {
      let panelBegin = i32.MAX_VALUE;
      let panelEnd = 0;
      for (let i = panel * PANEL; i < (panel + 1) * PANEL; i++) {
        let begin = window > 0 ? max(0, own + i - window + 1) : 0;
        let end = isCausal ? max(0, min(keyLength, own + i + 1)) : keyLength;
        if (begin >= end || i >= count) begin = end = 0;
        store<i32>(this.queryBegins + (<usize>i << 2), begin);
        store<i32>(this.queryEnds + (<usize>i << 2), end);
        if (begin >= end) continue;
        panelBegin = min(panelBegin, begin);
        panelEnd = max(panelEnd, end);
      }
      if (panelEnd == 0) panelBegin = 0;
      else this.begin = min(this.begin, panelBegin);
      this.end = max(this.end, panelEnd);
      store<i32>(this.panelBegins + (<usize>panel << 2), panelBegin);
      store<i32>(this.panelEnds + (<usize>panel << 2), panelEnd);
    }
  }

  /** The first key after `key` that other panels see than `key`. */
  nextChange(key: i32): i32 {
    let next = this.end;
    for (let panel = 0; panel < PANELS; panel++) {
      if (this.beginOf(panel) > key) next = min(next, this.beginOf(panel));
      if (this.endOf(panel) > key) next = min(next, this.endOf(panel));
    }
    return next;
  }

  /** The panels that see a key follow each other. */
  firstPanelAt(key: i32): i32 {
    let panel = 0;
    while (panel < PANELS && this.endOf(panel) <= key) panel++;
    return panel;
  }

  lastPanelAt(key: i32): i32 {
    let panel = PANELS - 1;
    while (panel >= 0 && (this.beginOf(panel) > key || this.endOf(panel) <= key)) panel--;
    return panel;
  }
}

/**
 * Scores to weights p = softmax(score · scale), and their gradients to those of the scores, p · (grad − Σ p · grad) · gradScale,
 * in place: the keys that a panel sees, rows `stride` bytes apart. A query that sees nothing gives zeros.
 */
export function scoreGradients(
  scores: usize, grads: usize, stride: usize, sight: Sight, panel: i32, scale: f32, gradScale: f32,
): void {
  const begin = sight.beginOf(panel);
  const end = sight.endOf(panel);
  for (let i = 0; i < PANEL; i += 4) {
    const lane = <usize>(panel * PANEL + i) << 2;
    const begins = v128.load(sight.queryBegins + lane);
    const ends = v128.load(sight.queryEnds + lane);
    const at = <usize>i << 2;
    quadGradients(scores + at, grads + at, stride, begin, end, begins, ends, scale, gradScale);
  }
}

/** Four queries. */
function quadGradients(
  scores: usize, grads: usize, stride: usize, begin: i32, end: i32, begins: v128, ends: v128, scale: f32,
  gradScale: f32,
): void {
  const scales = f32x4.splat(scale);
  const gradScales = f32x4.splat(gradScale);
  const stop = scores + <usize>(end - begin) * stride;
  const lowest = v128.load(TABLE);
  let largest = lowest;
  let key = i32x4.splat(begin);
  for (let at = scores; at < stop; at += stride) {
    const isSeen = v128.and(i32x4.ge_s(key, begins), i32x4.lt_s(key, ends));
    const score = v128.bitselect(f32x4.mul(v128.load(at), scales), lowest, isSeen);
    v128.store(at, score);
    largest = f32x4.pmax(largest, score);
    key = i32x4.add(key, i32x4.splat(1));
  }
  const zero = f32x4.splat(0);
  const origin = v128.bitselect(zero, largest, f32x4.eq(largest, lowest)); // −∞ − −∞ is NaN
  const least = v128.load(TABLE, 16);
  let sum = zero, dot = zero;
  for (let at = scores, grad = grads; at < stop; at += stride, grad += stride) {
    const e = expOfNegative(f32x4.sub(v128.load(at), origin));
    const weight = v128.andnot(e, f32x4.lt(e, least)); // NaN stays NaN
    v128.store(at, weight);
    sum = f32x4.add(sum, weight);
    dot = f32x4.add(dot, f32x4.mul(weight, v128.load(grad)));
  }
  const factor = v128.andnot(f32x4.div(f32x4.splat(1), sum), f32x4.eq(sum, zero));
  const mean = f32x4.mul(dot, factor);
  for (let at = scores, grad = grads; at < stop; at += stride, grad += stride) {
    const weight = f32x4.mul(v128.load(at), factor);
    v128.store(at, weight);
    v128.store(grad, f32x4.mul(f32x4.mul(weight, f32x4.sub(v128.load(grad), mean)), gradScales));
  }
}
