// Raw file bytes to a matrix's layout (linear-layout.ts) and back. A block is the rows that one 16-byte store holds: four
// of float32, eight of 16 bits. Threads take whole blocks, so no two write the same bytes; blocks that a part covers
// only partly, and the last columns, go element by element.

import { loadFour, loadOne, narrow, storeOne } from './convert';
import { copyRow } from './embed';
import { columnStride, elementBytes, firstItem, FLOAT32, rowAddress } from './linear-layout';

/** Packs rows first … first + count − 1; `source` holds them one after the other, each of `columns` elements. */
export function packRows(
  matrix: usize, source: usize, rows: i32, columns: i32, first: i32, count: i32,
  fromDtype: i32, toDtype: i32, thread: i32, threads: i32,
): void {
  const stride = <usize>columns * elementBytes(fromDtype);
  const block = blockRows(toDtype);
  const firstBlock = first / block;
  const numBlocks = (first + count + block - 1) / block - firstBlock;
  const lastBlock = firstBlock + firstItem(numBlocks, thread + 1, threads);
  for (let i = firstBlock + firstItem(numBlocks, thread, threads); i < lastBlock; i++) {
    const begin = max(i * block, first);
    const end = min(i * block + block, first + count);
    let from = source + <usize>(begin - first) * stride;
    let done = 0;
    if (end - begin == block) {
      done = columns & ~3;
      packBlock(rowAddress(matrix, begin, columns, toDtype), from, stride, done, fromDtype, toDtype);
    }
    if (done == columns) continue;
    for (let row = begin; row < end; row++, from += stride) {
      const to = rowAddress(matrix, row, columns, toDtype) + <usize>done * columnStride(toDtype);
      const tail = from + <usize>done * elementBytes(fromDtype);
      packElements(to, columnStride(toDtype), tail, elementBytes(fromDtype), columns - done, fromDtype, toDtype);
    }
  }
}

/** Packs columns first … first + count − 1; `source` holds them one after the other, each of `rows` elements. */
export function packColumns(
  matrix: usize, source: usize, rows: i32, columns: i32, first: i32, count: i32,
  fromDtype: i32, toDtype: i32, thread: i32, threads: i32,
): void {
  const size = elementBytes(fromDtype);
  const stride = <usize>rows * size;
  const step = columnStride(toDtype);
  const block = blockRows(toDtype);
  const numBlocks = (rows + block - 1) / block;
  const lastBlock = firstItem(numBlocks, thread + 1, threads);
  for (let i = firstItem(numBlocks, thread, threads); i < lastBlock; i++) {
    const begin = i * block;
    const end = min(begin + block, rows);
    if (end - begin == block) {
      let from = source + <usize>begin * size;
      let to = rowAddress(matrix, begin, columns, toDtype) + <usize>first * step;
      for (let k = 0; k < count; k++, from += stride, to += step) {
        v128.store(to, loadWords(from, size * 4, fromDtype, toDtype));
      }
      continue;
    }
    for (let row = begin; row < end; row++) {
      const to = rowAddress(matrix, row, columns, toDtype) + <usize>first * step;
      packElements(to, step, source + <usize>row * size, stride, count, fromDtype, toDtype);
    }
  }
}

/** The whole matrix as float32, row-major. */
export function unpack(
  output: usize, matrix: usize, rows: i32, columns: i32, dtype: i32, thread: i32, threads: i32,
): void {
  const last = firstItem(rows, thread + 1, threads);
  for (let row = firstItem(rows, thread, threads); row < last; row++) {
    copyRow(output + <usize>row * <usize>columns * 4, matrix, row, 0, columns, columns, dtype);
  }
}

// @ts-ignore: decorator
@inline
function blockRows(dtype: i32): i32 {
  return dtype == FLOAT32 ? 4 : 8;
}

/** A whole block of rows, its first `columns` columns (a multiple of four), by 4×4 transposes of 32-bit words. */
function packBlock(to: usize, from: usize, stride: usize, columns: i32, fromDtype: i32, toDtype: i32): void {
  const half = stride * 4;
  const step = columnStride(toDtype);
  for (let k = 0; k < columns; k += 4) {
    const a = loadWords(from, half, fromDtype, toDtype);
    const b = loadWords(from + stride, half, fromDtype, toDtype);
    const c = loadWords(from + stride * 2, half, fromDtype, toDtype);
    const d = loadWords(from + stride * 3, half, fromDtype, toDtype);
    const abLow = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
    const cdLow = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
    const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
    const cdHigh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<i64>(abLow, cdLow, 0, 2));
    v128.store(to + step, v128.shuffle<i64>(abLow, cdLow, 1, 3));
    v128.store(to + step * 2, v128.shuffle<i64>(abHigh, cdHigh, 0, 2));
    v128.store(to + step * 3, v128.shuffle<i64>(abHigh, cdHigh, 1, 3));
    from += elementBytes(fromDtype) * 4;
    to += step * 4;
  }
}

/** Four words of a block: elements from `from` on and, in the high halves of 16-bit words, those `half` bytes further. */
// @ts-ignore: decorator
@inline
function loadWords(from: usize, half: usize, fromDtype: i32, toDtype: i32): v128 {
  if (toDtype == FLOAT32) return loadFour(from, fromDtype);
  if (toDtype == fromDtype) return v128.or(v128.load_ext<u16>(from), i32x4.shl(v128.load_ext<u16>(from + half), 16));
  const low = loadFour(from, fromDtype);
  return v128.or(narrow(low, toDtype), i32x4.shl(narrow(loadFour(from + half, fromDtype), toDtype), 16));
}

function packElements(
  to: usize, step: usize, from: usize, stride: usize, count: i32, fromDtype: i32, toDtype: i32,
): void {
  for (let i = 0; i < count; i++, from += stride, to += step) storeOne(to, loadOne(from, fromDtype), toDtype);
}
