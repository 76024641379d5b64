// The gradients of layerNorm and rmsNorm, row by row. Those of the parameters are summed over blocks of rows on the way
// (row-sums.ts): partials (blocks, 2, columns) of Σ outputGrad · x̂ and Σ outputGrad, which `addPartials` adds up.

import { madd } from './fma';
import { firstLanes, storeLanes, sumLanes } from './lanes';
import { firstItem } from './linear-layout';
import { sumRow, sumSquares } from './norm';
import { numRowBlocks, ROW_BLOCK } from './row-sums';

/**
 * inputGrad (rows, columns) = (g − mean(g) − x̂ · mean(g · x̂)) / √(variance + epsilon), g = outputGrad · weight,
 * x̂ = (x − mean) / √(variance + epsilon). `partials` is 0 where no parameter is trained.
 */
export function layerNormGradient(
  inputGrad: usize, partials: usize, outputGrad: usize, input: usize, weight: usize, rows: i32, columns: i32,
  epsilon: f32, thread: i32, threads: i32,
): void {
  normGradient(true, inputGrad, partials, outputGrad, input, weight, rows, columns, epsilon, thread, threads);
}

/** The same where the mean is not taken off: x̂ = x / √(mean(x²) + epsilon), and without mean(g). */
export function rmsNormGradient(
  inputGrad: usize, partials: usize, outputGrad: usize, input: usize, weight: usize, rows: i32, columns: i32,
  epsilon: f32, thread: i32, threads: i32,
): void {
  normGradient(false, inputGrad, partials, outputGrad, input, weight, rows, columns, epsilon, thread, threads);
}

// @ts-ignore: decorator
@inline
function normGradient(
  isCentred: bool, inputGrad: usize, partials: usize, outputGrad: usize, input: usize, weight: usize, rows: i32,
  columns: i32, epsilon: f32, thread: i32, threads: i32,
): void {
  const bytes = <usize>columns << 2;
  const blocks = numRowBlocks(rows);
  const end = firstItem(blocks, thread + 1, threads);
  for (let block = firstItem(blocks, thread, threads); block < end; block++) {
    const sums = partials ? partials + <usize>block * bytes * 2 : 0;
    if (sums) memory.fill(sums, 0, bytes * 2);
    const last = min(rows, (block + 1) * ROW_BLOCK);
    for (let row = block * ROW_BLOCK; row < last; row++) {
      const x = input + <usize>row * bytes;
      const grad = outputGrad + <usize>row * bytes;
      const mean = isCentred ? sumRow(x, columns) / <f32>columns : <f32>0;
      const factor = <f32>1 / sqrt<f32>(sumSquares(x, mean, columns) / <f32>columns + epsilon);
      const gradMean = isCentred ? sumProducts(grad, weight, columns) / <f32>columns : <f32>0;
      const slope = sumNormalized(grad, weight, x, mean, columns) * factor / <f32>columns;
      writeRow(inputGrad + <usize>row * bytes, grad, x, weight, columns, mean, factor, gradMean, slope);
      if (sums) addParameters(sums, sums + bytes, grad, x, columns, mean, factor);
    }
  }
}

/** Σ a · b */
function sumProducts(a: usize, b: usize, columns: i32): f32 {
  let s = f32x4.splat(0), t = s;
  let left = columns;
  for (; left >= 8; left -= 8, a += 32, b += 32) {
    s = madd(v128.load(a), v128.load(b), s);
    t = madd(v128.load(a, 16), v128.load(b, 16), t);
  }
  for (; left >= 4; left -= 4, a += 16, b += 16) s = madd(v128.load(a), v128.load(b), s);
  if (left > 0) {
    const mask = firstLanes(left);
    t = madd(v128.and(v128.load(a), mask), v128.and(v128.load(b), mask), t);
  }
  return sumLanes(f32x4.add(s, t));
}

/** Σ grad · weight · (x − mean) */
function sumNormalized(grad: usize, weight: usize, x: usize, mean: f32, columns: i32): f32 {
  const m = f32x4.splat(mean);
  let s = f32x4.splat(0), t = s;
  let left = columns;
  for (; left >= 8; left -= 8, grad += 32, weight += 32, x += 32) {
    s = madd(f32x4.mul(v128.load(grad), v128.load(weight)), f32x4.sub(v128.load(x), m), s);
    t = madd(f32x4.mul(v128.load(grad, 16), v128.load(weight, 16)), f32x4.sub(v128.load(x, 16), m), t);
  }
  for (; left >= 4; left -= 4, grad += 16, weight += 16, x += 16) {
    s = madd(f32x4.mul(v128.load(grad), v128.load(weight)), f32x4.sub(v128.load(x), m), s);
  }
  if (left > 0) {
    const mask = firstLanes(left);
    const g = v128.and(f32x4.mul(v128.load(grad), v128.load(weight)), mask);
    t = madd(g, v128.and(f32x4.sub(v128.load(x), m), mask), t);
  }
  return sumLanes(f32x4.add(s, t));
}

function writeRow(
  to: usize, grad: usize, x: usize, weight: usize, columns: i32, mean: f32, factor: f32, gradMean: f32, slope: f32,
): void {
  const m = f32x4.splat(mean);
  const r = f32x4.splat(factor);
  const g = f32x4.splat(gradMean);
  const s = f32x4.splat(slope);
  let left = columns;
  for (; left >= 4; left -= 4, to += 16, grad += 16, x += 16, weight += 16) {
    v128.store(to, gradientOf(grad, x, weight, m, r, g, s));
  }
  if (left > 0) storeLanes(to, gradientOf(grad, x, weight, m, r, g, s), left);
}

// @ts-ignore: decorator
@inline
function gradientOf(
  grad: usize, x: usize, weight: usize, mean: v128, factor: v128, gradMean: v128, slope: v128,
): v128 {
  const normalized = f32x4.mul(f32x4.sub(v128.load(x), mean), factor);
  const weighted = f32x4.sub(f32x4.mul(v128.load(grad), v128.load(weight)), gradMean);
  return f32x4.mul(f32x4.sub(weighted, f32x4.mul(normalized, slope)), factor);
}

function addParameters(
  weightSums: usize, biasSums: usize, grad: usize, x: usize, columns: i32, mean: f32, factor: f32,
): void {
  const m = f32x4.splat(mean);
  const r = f32x4.splat(factor);
  let left = columns;
  for (; left >= 4; left -= 4, weightSums += 16, biasSums += 16, grad += 16, x += 16) {
    const g = v128.load(grad);
    v128.store(weightSums, madd(g, f32x4.mul(f32x4.sub(v128.load(x), m), r), v128.load(weightSums)));
    v128.store(biasSums, f32x4.add(v128.load(biasSums), g));
  }
  if (left > 0) {
    const g = v128.load(grad);
    storeLanes(weightSums, madd(g, f32x4.mul(f32x4.sub(v128.load(x), m), r), v128.load(weightSums)), left);
    storeLanes(biasSums, f32x4.add(v128.load(biasSums), g), left);
  }
}
