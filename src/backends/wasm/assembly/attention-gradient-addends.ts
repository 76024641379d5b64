// What is added to the scores of a panel of twelve queries in the gradient of attention, and the gradient of the position bias.
// A row of a panel is a key, `stride` bytes from the next; column i is its query i.

import { Sight } from './attention-gradient-weights';
import { PANEL } from './linear-layout';

/** score · scale + mask; `mask` is the row of the panel's first query, `maskBytes` from one to the next. */
export function addMask(
  scores: usize, stride: usize, begin: i32, end: i32, scale: f32, mask: usize, maskBytes: usize, count: i32,
): void {
  for (let i = 0; i < count; i++) {
    let at = scores + (<usize>i << 2);
    let from = mask + <usize>i * maskBytes + (<usize>begin << 2);
    for (let key = begin; key < end; key++, at += stride, from += 4) {
      store<f32>(at, load<f32>(at) * scale + load<f32>(from));
    }
  }
}

/** score · scale + bias, of `width` columns; `first` is that of key 0 for the panel's first query. */
export function addPositionBias(
  scores: usize, stride: usize, begin: i32, end: i32, scale: f32, bias: usize, width: i32, first: i32, count: i32,
): void {
  for (let i = 0; i < count; i++) {
    let at = scores + (<usize>i << 2);
    for (let key = begin; key < end; key++, at += stride) {
      store<f32>(at, load<f32>(at) * scale + load<f32>(bias + columnOffset(first + key - i, width)));
    }
  }
}

/**
 * Adds the gradients of the scores of each query to its columns of the bias's gradient, query after query and key after key;
 * those of keys before the first column, and behind the last, as one sum.
 */
export function addBiasGradients(
  biasGrad: usize, width: i32, grads: usize, stride: usize, sight: Sight, panel: i32, first: i32, count: i32,
): void {
  const panelBegin = sight.beginOf(panel);
  for (let i = 0; i < count; i++) {
    const lane = <usize>(panel * PANEL + i) << 2;
    const begin = load<i32>(sight.queryBegins + lane);
    const end = load<i32>(sight.queryEnds + lane);
    const shift = first - i; // from a key to its column
    const inside = min(end, max(begin, -shift)); // the first key that has a column, and the one behind the last
    const behind = min(end, max(inside, width - shift));
    let at = grads + <usize>(begin - panelBegin) * stride + (<usize>i << 2);
    let sum: f32 = 0;
    for (let key = begin; key < inside; key++, at += stride) sum += load<f32>(at);
    addTo(biasGrad, sum);
    for (let key = inside; key < behind; key++, at += stride) addTo(biasGrad + (<usize>(shift + key) << 2), load<f32>(at));
    sum = 0;
    for (let key = behind; key < end; key++, at += stride) sum += load<f32>(at);
    addTo(biasGrad + (<usize>(width - 1) << 2), sum);
  }
}

/** Multiplies the rows of a panel by a factor. */
export function scalePanel(rows: usize, stride: usize, count: i32, factor: f32): void {
  const factors = f32x4.splat(factor);
  for (const end = rows + <usize>count * stride; rows < end; rows += stride) {
    v128.store(rows, f32x4.mul(v128.load(rows), factors));
    v128.store(rows, f32x4.mul(v128.load(rows, 16), factors), 16);
    v128.store(rows, f32x4.mul(v128.load(rows, 32), factors), 32);
  }
}

// @ts-ignore: decorator
@inline
function columnOffset(column: i32, width: i32): usize {
  return <usize>max(0, min(width - 1, column)) << 2;
}

// @ts-ignore: decorator
@inline
function addTo(address: usize, value: f32): void {
  store<f32>(address, load<f32>(address) + value);
}
