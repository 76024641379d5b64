// A few rows times panels [N/12][K][12] of float32 or [N/8][K][8] of 16 bits, which are widened on the fly.
//
// A thread walks four panels at once, from the four quarters of its range: far-apart streams are what the prefetchers need.
// All rows go over a chunk of the four panels before the next: it stays in the first cache, and the prefetchers fetch ahead
// while the rows multiply. So weights leave the memory once, and two rows take as long as one.
//
// float16 weights widen to w·2⁻¹¹² (linear-words.ts). The input comes scaled by 2ˢ, s = 112 or what cannot overflow its
// largest element, and the sums leave scaled by 2¹¹²⁻ˢ. Powers of two change no bit of a sum unless a product is 2⁻¹⁴⁰ of
// the largest input or less.

import { multiplyFloat32 } from './linear-few-float32';
import { multiplyBfloat16, multiplyFloat16 } from './linear-few-half';
import { columnStride, firstItem, FLOAT16, FLOAT32, HALF_PANEL, PANEL } from './linear-layout';
import { clearSums, storeSums } from './linear-store';

/** `scratch` holds the sums of four panels; for float16, `rows` scaled rows and their factors besides. */
export function linearFew(
  output: usize, input: usize, weight: usize, bias: usize, rows: i32, inputs: i32, outputs: i32, dtype: i32,
  scratch: usize, thread: i32, threads: i32,
): void {
  const width = dtype == FLOAT32 ? PANEL : HALF_PANEL;
  const panels = (outputs + width - 1) / width;
  const begin = firstItem(panels, thread, threads);
  const end = firstItem(panels, thread + 1, threads);
  if (begin == end) return;
  const chunk = chunkLength(rows, inputs, dtype);
  const step = columnStride(dtype);
  const bytes = <usize>inputs * step;
  const stride = <usize>rows * <usize>width * 4;
  const s0 = scratch, s1 = s0 + stride, s2 = s1 + stride, s3 = s2 + stride;
  let factors: usize = 0;
  if (dtype == FLOAT16) {
    const scaled = s3 + stride;
    factors = scaled + (<usize>rows * <usize>inputs << 2);
    scaleRows(scaled, factors, input, rows, inputs);
    input = scaled;
  }
  // Where the range is no multiple of four, quarters overlap by a panel, which is computed twice, to the same bits.
  const second = begin + firstItem(end - begin, 1, 4);
  const third = begin + firstItem(end - begin, 2, 4);
  const fourth = begin + firstItem(end - begin, 3, 4);
  for (let i = 0; fourth + i < end; i++) {
    const n0 = begin + i, n1 = second + i, n2 = third + i, n3 = fourth + i;
    clearSums(s0, 4 * stride);
    for (let k = 0, depth = 0; k < inputs; k += depth) {
      depth = min(chunk, inputs - k);
      const x = input + (<usize>k << 2);
      const offset = weight + <usize>k * step;
      const p0 = offset + <usize>n0 * bytes, p1 = offset + <usize>n1 * bytes;
      const p2 = offset + <usize>n2 * bytes, p3 = offset + <usize>n3 * bytes;
      if (dtype == FLOAT32) multiplyFloat32(s0, x, rows, inputs, p0, p1, p2, p3, depth);
      else if (dtype == FLOAT16) multiplyFloat16(s0, x, rows, inputs, p0, p1, p2, p3, depth);
      else multiplyBfloat16(s0, x, rows, inputs, p0, p1, p2, p3, depth);
    }
    storeSums(output, s0, bias, factors, rows, outputs, n0 * width, width);
    storeSums(output, s1, bias, factors, rows, outputs, n1 * width, width);
    storeSums(output, s2, bias, factors, rows, outputs, n2 * width, width);
    storeSums(output, s3, bias, factors, rows, outputs, n3 * width, width);
  }
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
