// output (rows, outputs) = activation(input (rows, inputs), quantised (quantize-input.ts), · weightᵀ + bias) + addend, for
// quantised weights. Every thread computes a range of outputs of all rows.
//
// Products are exact integers for a block of 32 columns; blocks are scaled and added up in order, in plain float32: the same
// bits for any number of rows and threads, and on every machine.

import { finishColumns } from './linear-finish';
import { multiplyRowInt4 } from './linear-int4-row';
import { multiplyTileInt4, multiplyUnpackedInt4, unpackPanel } from './linear-int4-tile';
import { multiplyRowInt8 } from './linear-int8-row';
import { multiplyTileInt8 } from './linear-int8-tile';
import { firstItem } from './linear-layout';
import { clearSums, storeSums } from './linear-store';
import { BLOCK, blockBytes, codeSums, hasByteCodes, numBlocks, PANEL_ROWS, SUM_BYTES } from './quantized-layout';
import { tileRows } from './quantize-input';

/** Bytes of outputs that stay in a core's second-level cache beside a panel and the input. */
const OUTPUT_BYTES: i32 = 524288;
/** Rows that go over all panels before the next do, at most: with more, two threads are slower than each alone. */
const MOST_ROWS: i32 = 64;
/** From this many rows on, whole panels are gone over at once. */
const MANY_ROWS: i32 = 32;
/** Bytes of the sums of a tile of four rows. */
const TILE_BYTES: usize = 128;
/** Blocks that all of a few rows go over together. */
const CHUNK: i32 = 4;

/**
 * `bias` and `addend` are 0 for none, `kind` is NO_ACTIVATION; `scratch` is the thread's own: the sums of four panels, or of a
 * tile and an unpacked panel.
 */
export function linearQuantized(
  output: usize, codes: usize, scales: usize, totals: usize, weight: usize, bias: usize, rows: i32, inputs: i32,
  outputs: i32, dtype: i32, scratch: usize, kind: i32, addend: usize, thread: i32, threads: i32,
): void {
  const panels = (outputs + PANEL_ROWS - 1) / PANEL_ROWS;
  const begin = firstItem(panels, thread, threads);
  const end = firstItem(panels, thread + 1, threads);
  if (begin == end) return;
  if (rows < MANY_ROWS) {
    multiplyFew(output, codes, scales, totals, weight, bias, rows, inputs, outputs, dtype, scratch, begin, end);
    // Not before: where quarters overlap, an output is stored twice.
    finishColumns(output, addend, kind, rows, outputs, begin * PANEL_ROWS, end * PANEL_ROWS);
    return;
  }
  // A panel writes half a line of each row: the next one must find the other half in the cache.
  const most = OUTPUT_BYTES / ((end - begin) * (PANEL_ROWS * 4)) & ~3;
  const height = max(MANY_ROWS, min(MOST_ROWS, most));
  for (let row = 0; row < rows; row += height) {
    multiplyMany(
      output, codes, scales, totals, weight, bias, row, min(rows, row + height), rows, inputs, outputs, dtype, scratch, kind,
      addend, begin, end,
    );
  }
}

/**
 * A thread walks four panels at once, from the four quarters of its range: far-apart streams are what the prefetchers need. All
 * rows go over a chunk of the four before the next, while the prefetchers fetch ahead.
 */
function multiplyFew(
  output: usize, codes: usize, scales: usize, totals: usize, weight: usize, bias: usize, rows: i32, inputs: i32,
  outputs: i32, dtype: i32, scratch: usize, begin: i32, end: i32,
): void {
  const blocks = numBlocks(inputs);
  const bytes = <usize>blocks * blockBytes(dtype);
  const stride = <usize>paddedRows(rows) * (PANEL_ROWS * 4);
  const s0 = scratch, s1 = s0 + stride, s2 = s1 + stride, s3 = s2 + stride;
  const weightSums = hasByteCodes(dtype) ? codeSums(weight, outputs, inputs, dtype) : 0;
  // Where the range is no multiple of four, quarters overlap by a panel, which is computed twice, to the same bits.
  const second = begin + firstItem(end - begin, 1, 4);
  const third = begin + firstItem(end - begin, 2, 4);
  const fourth = begin + firstItem(end - begin, 3, 4);
  for (let i = 0; fourth + i < end; i++) {
    const n0 = begin + i, n1 = second + i, n2 = third + i, n3 = fourth + i;
    if (rows == 1) {
      const p0 = weight + <usize>n0 * bytes, p1 = weight + <usize>n1 * bytes;
      const p2 = weight + <usize>n2 * bytes, p3 = weight + <usize>n3 * bytes;
      if (hasByteCodes(dtype)) multiplyRowInt8(s0, codes, scales, p0, p1, p2, p3, blocks, dtype);
      else multiplyRowInt4(s0, codes, scales, totals, p0, p1, p2, p3, blocks, dtype);
    } else {
      clearSums(s0, stride * 4);
      for (let block = 0; block < blocks; block += CHUNK) {
        const count = min(CHUNK, blocks - block);
        multiplyTiles(s0, codes, scales, totals, weight, weightSums, n0, rows, blocks, block, count, dtype);
        multiplyTiles(s1, codes, scales, totals, weight, weightSums, n1, rows, blocks, block, count, dtype);
        multiplyTiles(s2, codes, scales, totals, weight, weightSums, n2, rows, blocks, block, count, dtype);
        multiplyTiles(s3, codes, scales, totals, weight, weightSums, n3, rows, blocks, block, count, dtype);
      }
    }
    storeSums(output, s0, bias, 0, rows, outputs, n0 * PANEL_ROWS, PANEL_ROWS);
    storeSums(output, s1, bias, 0, rows, outputs, n1 * PANEL_ROWS, PANEL_ROWS);
    storeSums(output, s2, bias, 0, rows, outputs, n2 * PANEL_ROWS, PANEL_ROWS);
    storeSums(output, s3, bias, 0, rows, outputs, n3 * PANEL_ROWS, PANEL_ROWS);
  }
}

/** Rows of the tiles of `rows` rows. */
// @ts-ignore: decorator
@inline
function paddedRows(rows: i32): i32 {
  return rows == 1 ? 1 : (rows + 1) & ~1;
}

/** Rows first … last − 1 of `rows`: a panel, of 4 bits unpacked, stays in the first cache while all their tiles go over it. */
function multiplyMany(
  output: usize, codes: usize, scales: usize, totals: usize, weight: usize, bias: usize, first: i32, last: i32,
  rows: i32, inputs: i32, outputs: i32, dtype: i32, sums: usize, kind: i32, addend: usize, begin: i32, end: i32,
): void {
  const blocks = numBlocks(inputs);
  const bytes = sums + TILE_BYTES;
  const weightSums = hasByteCodes(dtype) ? codeSums(weight, outputs, inputs, dtype) : 0;
  for (let n = begin; n < end; n++) {
    const panel = weight + <usize>(n * blocks) * blockBytes(dtype);
    const panelSums = weightSums + <usize>(n * blocks) * SUM_BYTES;
    if (!hasByteCodes(dtype)) unpackPanel(bytes, panel, blocks, dtype);
    for (let row = first; row < last; row += 4) {
      clearSums(sums, TILE_BYTES);
      multiplyTile(sums, codes, scales, totals, panel, panelSums, bytes, row, rows, blocks, 0, blocks, dtype);
      const to = output + (<usize>row * <usize>outputs << 2);
      storeSums(to, sums, bias, 0, min(4, last - row), outputs, n * PANEL_ROWS, PANEL_ROWS);
    }
  }
  const offset = <usize>first * <usize>outputs << 2;
  const rest = addend ? addend + offset : 0;
  finishColumns(output + offset, rest, kind, last - first, outputs, begin * PANEL_ROWS, end * PANEL_ROWS);
}

/** sums += all rows · blocks block … block + count − 1 of the `blocks` of panel n; `weightSums` are those of all its codes. */
function multiplyTiles(
  sums: usize, codes: usize, scales: usize, totals: usize, weight: usize, weightSums: usize, n: i32, rows: i32,
  blocks: i32, block: i32, count: i32, dtype: i32,
): void {
  const entry = <usize>(n * blocks + block);
  const from = weight + entry * blockBytes(dtype);
  const fromSums = weightSums + entry * SUM_BYTES;
  for (let row = 0; row < rows; row += 4, sums += 4 * PANEL_ROWS * 4) {
    multiplyTile(sums, codes, scales, totals, from, fromSums, 0, row, rows, blocks, block, count, dtype);
  }
}

/**
 * sums += the tile at row `row` of `rows` · blocks from the one at `weights` on, which is number `block` of a row. `bytes` are the
 * codes of a panel of 4 bits unpacked, 0 where they are not: tiles of four take those.
 */
// @ts-ignore: decorator
@inline
function multiplyTile(
  sums: usize, codes: usize, scales: usize, totals: usize, weights: usize, weightSums: usize, bytes: usize,
  row: i32, rows: i32, blocks: i32, block: i32, count: i32, dtype: i32,
): void {
  const height = tileRows(rows, row);
  const entry = <usize>(row * blocks + block * height);
  const x = codes + entry * BLOCK;
  const factors = scales + (entry << 2);
  const more = totals + (entry << 2);
  if (hasByteCodes(dtype)) multiplyTileInt8(sums, x, factors, weights, weightSums, count, height, dtype);
  else if (bytes && height == 4) multiplyUnpackedInt4(sums, x, factors, more, weights, bytes, count, dtype);
  else multiplyTileInt4(sums, x, factors, more, weights, count, height, dtype);
}
