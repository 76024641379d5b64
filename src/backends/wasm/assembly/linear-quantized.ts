// output (rows, outputs) = input (rows, inputs), quantised (quantize-input.ts), · weightᵀ + bias, for quantised weights. Every
// thread computes a range of outputs of all rows.
//
// Products are exact integers for a block of 32 columns; blocks are scaled and added up in order, in plain float32: the same
// bits for any number of rows and threads, and on every machine.

import { multiplyRowInt4 } from './linear-int4-row';
import { multiplyTileInt4 } from './linear-int4-tile';
import { multiplyRowInt8 } from './linear-int8-row';
import { multiplyTileInt8, sumBlocks } from './linear-int8-tile';
import { firstItem } from './linear-layout';
import { storeSums } from './linear-store';
import { BLOCK, blockBytes, hasByteCodes, numBlocks, PANEL_ROWS } from './quantized-layout';
import { tileRows } from './quantize-input';

/** Bytes of codes of input that stay in a core's second-level cache beside a panel. */
const ROWS_BYTES: i32 = 262144;

/** `bias` is 0 for none; `scratch` is the thread's own: 128 bytes, and for weights of 8 bits 32 more for each block. */
export function linearQuantized(
  output: usize, codes: usize, scales: usize, totals: usize, weight: usize, bias: usize, rows: i32, inputs: i32,
  outputs: i32, dtype: i32, scratch: usize, thread: i32, threads: i32,
): void {
  const panels = (outputs + PANEL_ROWS - 1) / PANEL_ROWS;
  const begin = firstItem(panels, thread, threads);
  const end = firstItem(panels, thread + 1, threads);
  if (begin == end) return;
  if (rows == 1) return multiplyRow(output, codes, scales, totals, weight, bias, inputs, outputs, dtype, scratch, begin, end);
  const width = numBlocks(inputs) * BLOCK;
  const block = max(4, ROWS_BYTES / width & ~3);
  for (let row = 0; row < rows; row += block) {
    multiplyRows(
      output, codes, scales, totals, weight, bias, row, min(rows, row + block), rows, inputs, outputs, dtype, scratch, begin, end,
    );
  }
}

function multiplyRow(
  output: usize, codes: usize, scales: usize, totals: usize, weight: usize, bias: usize, inputs: i32, outputs: i32,
  dtype: i32, sums: usize, begin: i32, end: i32,
): void {
  const blocks = numBlocks(inputs);
  const bytes = <usize>blocks * blockBytes(dtype);
  // Where the range is no multiple of four, quarters overlap by a panel, which is computed twice, to the same bits.
  const second = begin + firstItem(end - begin, 1, 4);
  const third = begin + firstItem(end - begin, 2, 4);
  const fourth = begin + firstItem(end - begin, 3, 4);
  for (let i = 0; fourth + i < end; i++) {
    const n0 = begin + i, n1 = second + i, n2 = third + i, n3 = fourth + i;
    const p0 = weight + <usize>n0 * bytes, p1 = weight + <usize>n1 * bytes;
    const p2 = weight + <usize>n2 * bytes, p3 = weight + <usize>n3 * bytes;
    if (hasByteCodes(dtype)) multiplyRowInt8(sums, codes, scales, p0, p1, p2, p3, blocks, dtype);
    else multiplyRowInt4(sums, codes, scales, totals, p0, p1, p2, p3, blocks, dtype);
    storeSums(output, sums, bias, 0, 1, outputs, n0 * PANEL_ROWS, PANEL_ROWS);
    storeSums(output, sums + 32, bias, 0, 1, outputs, n1 * PANEL_ROWS, PANEL_ROWS);
    storeSums(output, sums + 64, bias, 0, 1, outputs, n2 * PANEL_ROWS, PANEL_ROWS);
    storeSums(output, sums + 96, bias, 0, 1, outputs, n3 * PANEL_ROWS, PANEL_ROWS);
  }
}

/** Rows first … last − 1 of `rows`: a panel stays in the first cache while all their tiles go over it. */
function multiplyRows(
  output: usize, codes: usize, scales: usize, totals: usize, weight: usize, bias: usize, first: i32, last: i32,
  rows: i32, inputs: i32, outputs: i32, dtype: i32, sums: usize, begin: i32, end: i32,
): void {
  const blocks = numBlocks(inputs);
  const bytes = <usize>blocks * blockBytes(dtype);
  const offsets = sums + 128;
  for (let n = begin; n < end; n++) {
    const panel = weight + <usize>n * bytes;
    if (hasByteCodes(dtype)) sumBlocks(offsets, panel, blocks, dtype);
    for (let row = first; row < last; row += 4) {
      const height = tileRows(rows, row);
      const entry = <usize>row * <usize>blocks;
      const x = codes + entry * BLOCK;
      const factors = scales + (entry << 2);
      if (hasByteCodes(dtype)) multiplyTileInt8(sums, x, factors, panel, offsets, blocks, height, dtype);
      else multiplyTileInt4(sums, x, factors, totals + (entry << 2), panel, blocks, height, dtype);
      const to = output + (<usize>row * <usize>outputs << 2);
      storeSums(to, sums, bias, 0, min(4, last - row), outputs, n * PANEL_ROWS, PANEL_ROWS);
    }
  }
}
