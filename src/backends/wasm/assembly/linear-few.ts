// A few rows times panels [N/12][K][12] of float32 or [N/8][K][8] of 16 bits, which are widened on the fly.
//
// A thread walks four panels at once, from the four quarters of its range: far-apart streams are what the prefetchers need.
// All rows go over a chunk of the four panels before the next: it stays in the first cache, and the prefetchers fetch ahead
// while the rows multiply. So weights leave the memory once, and two rows take as long as one.
//
// One row of 16 bits has more to do for each byte than the processor can look past: it walks eight panels, four at a time, so
// that the prefetchers go ahead in the four that rest. That takes 2 % less.
//
// float16 weights widen to w·2⁻¹¹² (linear-words.ts). The input comes scaled by 2ˢ, s = 112 or what cannot overflow its
// largest element, and the sums leave scaled by 2¹¹²⁻ˢ. Powers of two change no bit of a sum unless a product is 2⁻¹⁴⁰ of
// the largest input or less.

import { multiplyFloat32 } from './linear-few-float32';
import { multiplyBfloat16, multiplyFloat16 } from './linear-few-half';
import { finishColumns } from './linear-finish';
import { columnStride, firstItem, FLOAT16, FLOAT32, HALF_PANEL, PANEL } from './linear-layout';
import { clearSums, storeSums } from './linear-store';

/** `scratch` holds the sums of four panels, of eight for one row of 16 bits; for float16, `rows` scaled rows and their factors besides. */
export function linearFew(
  output: usize, input: usize, weight: usize, bias: usize, rows: i32, inputs: i32, outputs: i32, dtype: i32,
  scratch: usize, kind: i32, addend: usize, thread: i32, threads: i32,
): void {
  const width = dtype == FLOAT32 ? PANEL : HALF_PANEL;
  const panels = (outputs + width - 1) / width;
  const begin = firstItem(panels, thread, threads);
  const end = firstItem(panels, thread + 1, threads);
  if (begin == end) return;
  const count = end - begin;
  const isEight = rows == 1 && dtype != FLOAT32 && count >= 32;
  const chunk = isEight ? 32 : chunkLength(rows, inputs, dtype);
  const step = columnStride(dtype);
  const bytes = <usize>inputs * step;
  const fourSums = <usize>rows * <usize>width * 16;
  const sums = isEight ? 2 * fourSums : fourSums;
  let factors: usize = 0;
  if (dtype == FLOAT16) {
    const scaled = scratch + sums;
    factors = scaled + (<usize>rows * <usize>inputs << 2);
    scaleRows(scaled, factors, input, rows, inputs);
    input = scaled;
  }
  // Where the range is no multiple of eight, stretches overlap by a panel, which is computed twice, to the same bits.
  const n1 = begin + firstItem(count, 1, 8), n2 = begin + firstItem(count, 2, 8), n3 = begin + firstItem(count, 3, 8);
  const n4 = begin + firstItem(count, 4, 8), n5 = begin + firstItem(count, 5, 8), n6 = begin + firstItem(count, 6, 8);
  const n7 = begin + firstItem(count, 7, 8);
  const last = isEight ? n7 : n6;
  for (let i = 0; last + i < end; i++) {
    clearSums(scratch, sums);
    for (let k = 0, depth = 0; k < inputs; k += depth) {
      depth = min(chunk, inputs - k);
      const x = input + (<usize>k << 2);
      const p = weight + <usize>k * step + <usize>i * bytes;
      multiplyFour(scratch, x, rows, inputs, p, bytes, begin, n2, n4, n6, depth, dtype);
      if (isEight) multiplyFour(scratch + fourSums, x, rows, inputs, p, bytes, n1, n3, n5, n7, depth, dtype);
    }
    storeFour(output, scratch, bias, factors, rows, outputs, begin + i, n2 + i, n4 + i, n6 + i, width);
    if (isEight) storeFour(output, scratch + fourSums, bias, factors, rows, outputs, n1 + i, n3 + i, n5 + i, n7 + i, width);
  }
  // Not before: where stretches overlap, an output is stored twice.
  finishColumns(output, addend, kind, rows, outputs, begin * width, end * width);
}

/** A stretch of k of the panels n0 to n3 from `weight` on. */
// @ts-ignore: decorator
@inline
function multiplyFour(
  sums: usize, x: usize, rows: i32, inputs: i32, weight: usize, bytes: usize, n0: i32, n1: i32, n2: i32, n3: i32, depth: i32,
  dtype: i32,
): void {
  const p0 = weight + <usize>n0 * bytes, p1 = weight + <usize>n1 * bytes;
  const p2 = weight + <usize>n2 * bytes, p3 = weight + <usize>n3 * bytes;
  if (dtype == FLOAT32) multiplyFloat32(sums, x, rows, inputs, p0, p1, p2, p3, depth);
  else if (dtype == FLOAT16) multiplyFloat16(sums, x, rows, inputs, p0, p1, p2, p3, depth);
  else multiplyBfloat16(sums, x, rows, inputs, p0, p1, p2, p3, depth);
}

function storeFour(
  output: usize, sums: usize, bias: usize, factors: usize, rows: i32, outputs: i32, n0: i32, n1: i32, n2: i32, n3: i32,
  width: i32,
): void {
  const stride = <usize>rows * <usize>width * 4;
  storeSums(output, sums, bias, factors, rows, outputs, n0 * width, width);
  storeSums(output, sums + stride, bias, factors, rows, outputs, n1 * width, width);
  storeSums(output, sums + 2 * stride, bias, factors, rows, outputs, n2 * width, width);
  storeSums(output, sums + 3 * stride, bias, factors, rows, outputs, n3 * width, width);
}

/**
 * Steps of k that all rows go over together. The prefetchers have the more of the next chunk ready the shorter it is, and the
 * less often sums are loaded and stored the longer: measured on 2 to 23 rows.
 */
function chunkLength(rows: i32, inputs: i32, dtype: i32): i32 {
  if (rows == 1) return inputs;
  if (dtype != FLOAT32) return 32;
  return rows < 8 ? 8 : 16;
}

function scaleRows(scaled: usize, factors: usize, input: usize, rows: i32, inputs: i32): void {
  for (let row = 0; row < rows; row++) {
    const offset = <usize>row * <usize>inputs << 2;
    store<f32>(factors + (<usize>row << 2), scaleRow(scaled + offset, input + offset, inputs));
  }
}

/** Writes a row times 2ˢ, s = 112 or less where its largest magnitude is 2¹⁵ or more, and returns 2¹¹²⁻ˢ. */
function scaleRow(scaled: usize, row: usize, inputs: i32): f32 {
  const stop = row + (<usize>inputs << 2);
  const magnitude = i32x4.splat(0x7fffffff);
  let from = row;
  let largest = i32x4.splat(0);
  for (; from + 16 <= stop; from += 16) largest = i32x4.max_s(largest, v128.and(v128.load(from), magnitude));
  for (; from < stop; from += 4) largest = i32x4.max_s(largest, v128.and(v128.load_splat<f32>(from), magnitude));
  largest = i32x4.max_s(largest, v128.shuffle<i32>(largest, largest, 2, 3, 0, 1));
  largest = i32x4.max_s(largest, v128.shuffle<i32>(largest, largest, 1, 0, 3, 2));
  const exponent = max(0, min(112, 253 - (i32x4.extract_lane(largest, 0) >> 23)));
  const factor = reinterpret<f32>((127 + exponent) << 23);
  const factors = f32x4.splat(factor);
  for (from = row; from + 16 <= stop; from += 16, scaled += 16) {
    v128.store(scaled, f32x4.mul(v128.load(from), factors));
  }
  for (; from < stop; from += 4, scaled += 4) store<f32>(scaled, load<f32>(from) * factor);
  return reinterpret<f32>((127 + 112 - exponent) << 23);
}
