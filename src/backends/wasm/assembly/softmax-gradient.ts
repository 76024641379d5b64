// The gradients of softmax and logSoftmax over rows. The sum of a row runs as that of softmax.ts: in eight float32 lanes over
// pieces of 512 elements, and from piece to piece in float64.

import { expOfNegative } from './exp';
import { madd } from './fma';
import { firstLanes, storeLanes, sumLanes } from './lanes';
import { firstItem } from './linear-layout';

const PIECE: i32 = 512;

/** inputGrad = output · (outputGrad − Σ outputGrad · output) */
export function softmaxGradient(
  inputGrad: usize, outputGrad: usize, output: usize, rows: i32, columns: i32, thread: i32, threads: i32,
): void {
  const bytes = <usize>columns << 2;
  const end = firstItem(rows, thread + 1, threads);
  for (let row = firstItem(rows, thread, threads); row < end; row++) {
    let to = inputGrad + <usize>row * bytes;
    let grad = outputGrad + <usize>row * bytes;
    let y = output + <usize>row * bytes;
    const sum = f32x4.splat(<f32>sumOfRow(true, grad, y, columns));
    let left = columns;
    for (; left >= 4; left -= 4, to += 16, grad += 16, y += 16) {
      v128.store(to, f32x4.mul(v128.load(y), f32x4.sub(v128.load(grad), sum)));
    }
    if (left > 0) storeLanes(to, f32x4.mul(v128.load(y), f32x4.sub(v128.load(grad), sum)), left);
  }
}

/** inputGrad = outputGrad − e^output · Σ outputGrad */
export function logSoftmaxGradient(
  inputGrad: usize, outputGrad: usize, output: usize, rows: i32, columns: i32, thread: i32, threads: i32,
): void {
  const bytes = <usize>columns << 2;
  const end = firstItem(rows, thread + 1, threads);
  for (let row = firstItem(rows, thread, threads); row < end; row++) {
    let to = inputGrad + <usize>row * bytes;
    let grad = outputGrad + <usize>row * bytes;
    let y = output + <usize>row * bytes;
    const sum = f32x4.splat(<f32>sumOfRow(false, grad, y, columns));
    let left = columns;
    for (; left >= 4; left -= 4, to += 16, grad += 16, y += 16) {
      v128.store(to, f32x4.sub(v128.load(grad), f32x4.mul(expOfNegative(v128.load(y)), sum)));
    }
    if (left > 0) storeLanes(to, f32x4.sub(v128.load(grad), f32x4.mul(expOfNegative(v128.load(y)), sum)), left);
  }
}

/** Σ grad · y, or Σ grad. */
// @ts-ignore: decorator
@inline
function sumOfRow(isWeighted: bool, grad: usize, y: usize, columns: i32): f64 {
  let total: f64 = 0;
  for (let begin = 0; begin < columns; begin += PIECE) {
    let left = min(PIECE, columns - begin);
    let a = f32x4.splat(0), b = a;
    for (; left >= 8; left -= 8, grad += 32, y += 32) {
      a = isWeighted ? madd(v128.load(grad), v128.load(y), a) : f32x4.add(a, v128.load(grad));
      b = isWeighted ? madd(v128.load(grad, 16), v128.load(y, 16), b) : f32x4.add(b, v128.load(grad, 16));
    }
    for (; left >= 4; left -= 4, grad += 16, y += 16) {
      a = isWeighted ? madd(v128.load(grad), v128.load(y), a) : f32x4.add(a, v128.load(grad));
    }
    if (left > 0) {
      const mask = firstLanes(left);
      const g = v128.and(v128.load(grad), mask);
      b = isWeighted ? madd(g, v128.and(v128.load(y), mask), b) : f32x4.add(b, g);
    }
    total += <f64>sumLanes(f32x4.add(a, b));
  }
  return total;
}
