// Rows of quantised matrices (quantized-layout.ts): written from codes and scales, and read as float32.

import { firstItem } from './linear-layout';
import {
  BLOCK, blockBytes, codeBytes, codeSums, hasByteCodes, INT4, INT4_MINIMA, INT8, narrowSlot, numBlocks, PANEL_ROWS,
  scaleBytes, SUM_BYTES,
} from './quantized-layout';

/**
 * Packs rows first … first + count − 1 of `rows` from codes (count, columns), one a byte, scales and minima (count, groups), a
 * group being `groupSize` columns. Threads take whole panels, so no two write the same bytes.
 */
export function packQuantized(
  matrix: usize, codes: usize, scales: usize, minima: usize, rows: i32, columns: i32, groupSize: i32, first: i32,
  count: i32, dtype: i32, thread: i32, threads: i32,
): void {
  const groups = (columns + groupSize - 1) / groupSize;
  const firstPanel = first / PANEL_ROWS;
  const panels = (first + count + PANEL_ROWS - 1) / PANEL_ROWS - firstPanel;
  const begin = max(first, (firstPanel + firstItem(panels, thread, threads)) * PANEL_ROWS);
  const end = min(first + count, (firstPanel + firstItem(panels, thread + 1, threads)) * PANEL_ROWS);
  for (let row = begin; row < end; row++) {
    const i = row - first;
    const from = codes + <usize>i * <usize>columns;
    packCodes(matrix, row, from, columns, dtype);
    if (hasByteCodes(dtype)) packSums(codeSums(matrix, rows, columns, dtype), row, from, columns);
    const offset = <usize>i * <usize>groups << 2;
    packScales(matrix, row, scales + offset, minima + offset, columns, groupSize, dtype);
  }
}

// @ts-ignore: decorator
@inline
function panelOf(matrix: usize, row: i32, columns: i32, dtype: i32): usize {
  return matrix + <usize>(row / PANEL_ROWS) * <usize>numBlocks(columns) * blockBytes(dtype);
}

function packCodes(matrix: usize, row: i32, codes: usize, columns: i32, dtype: i32): void {
  let block = panelOf(matrix, row, columns, dtype) + (<usize>(row % PANEL_ROWS) << 2);
  const flip: u32 = dtype == INT4_MINIMA ? 0 : 0x08080808;
  for (let column = 0; column < columns; column += BLOCK, block += blockBytes(dtype)) {
    let to = block;
    if (hasByteCodes(dtype)) {
      for (let k = column; k < column + BLOCK; k += 4, to += PANEL_ROWS * 4) store<u32>(to, fourCodes(codes, k, columns));
      continue;
    }
    for (let k = column; k < column + BLOCK; k += 8, to += PANEL_ROWS * 4) {
      const low = (fourCodes(codes, k, columns) & 0x0f0f0f0f) ^ flip;
      const high = (fourCodes(codes, k + 4, columns) & 0x0f0f0f0f) ^ flip;
      store<u32>(to, low | (high << 4));
    }
  }
}

/** The sum of the codes of each block of a row. */
function packSums(sums: usize, row: i32, codes: usize, columns: i32): void {
  let to = sums + <usize>(row / PANEL_ROWS * numBlocks(columns)) * SUM_BYTES + narrowSlot(row % PANEL_ROWS);
  for (let column = 0; column < columns; column += BLOCK, to += SUM_BYTES) {
    let sum = i32x4.splat(0);
    for (let k = column; k < column + BLOCK; k += 4) {
      const pairs = i16x8.extadd_pairwise_i8x16_s(i32x4.splat(fourCodes(codes, k, columns)));
      sum = i32x4.add(sum, i32x4.extadd_pairwise_i16x8_s(pairs));
    }
    store<i16>(to, <i16>i32x4.extract_lane(sum, 0));
  }
}

/** Codes k … k + 3, zeros past the last. */
function fourCodes(codes: usize, k: i32, columns: i32): u32 {
  if (k + 4 <= columns) return load<u32>(codes + <usize>k);
  let four: u32 = 0;
  for (let i = 0; k + i < columns; i++) four |= <u32>load<u8>(codes + <usize>(k + i)) << (8 * i);
  return four;
}

function packScales(
  matrix: usize, row: i32, scales: usize, minima: usize, columns: i32, groupSize: i32, dtype: i32,
): void {
  const lane = row % PANEL_ROWS;
  let to = panelOf(matrix, row, columns, dtype) + codeBytes(dtype);
  for (let column = 0; column < columns; column += BLOCK, to += blockBytes(dtype)) {
    const group = <usize>(column / groupSize) << 2;
    if (scaleBytes(dtype) == 16) store<u16>(to + narrowSlot(lane), load<u16>(scales + group, 2));
    else store<u32>(to + (<usize>lane << 2), load<u32>(scales + group));
    if (dtype == INT4_MINIMA) store<u32>(to + (<usize>lane << 2), load<u32>(minima + group), 32);
  }
}

/** Columns begin … end − 1 of a row as float32, to the same columns of `output`. */
export function copyQuantizedRow(
  output: usize, matrix: usize, row: i32, begin: i32, end: i32, columns: i32, dtype: i32,
): void {
  const lane = row % PANEL_ROWS;
  const panel = panelOf(matrix, row, columns, dtype);
  for (let k = begin; k < end; k++) {
    const block = panel + <usize>(k / BLOCK) * blockBytes(dtype);
    const product = <f32>codeAt(block, lane, k % BLOCK, dtype) * scaleAt(block + codeBytes(dtype), lane, dtype);
    const to = output + (<usize>k << 2);
    if (dtype == INT4_MINIMA) store<f32>(to, product + load<f32>(block + (<usize>lane << 2), 128 + 32));
    else store<f32>(to, product);
  }
}

// @ts-ignore: decorator
@inline
function codeAt(block: usize, lane: i32, k: i32, dtype: i32): i32 {
  const place = <usize>((lane << 2) + (k & 3));
  if (hasByteCodes(dtype)) return load<i8>(block + <usize>(k >> 2) * (PANEL_ROWS * 4) + place);
  const pair = <i32>load<u8>(block + <usize>(k >> 3) * (PANEL_ROWS * 4) + place);
  const code = (k & 4) ? pair >> 4 : pair & 15;
  return dtype == INT4_MINIMA ? code : code - 8;
}

// @ts-ignore: decorator
@inline
function scaleAt(scales: usize, lane: i32, dtype: i32): f32 {
  if (dtype == INT8 || dtype == INT4) return reinterpret<f32>(<u32>load<u16>(scales + narrowSlot(lane)) << 16);
  return load<f32>(scales + (<usize>lane << 2));
}
