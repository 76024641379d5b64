// The gradients of `linear`. Both pack one operand into float32 panels of twelve columns in scratch memory, and multiply
// (product-tile.ts). Long sums are cut into blocks of a fixed length, each one chain, added up in order: the same bits for
// any number of threads, and less rounding than one chain of thousands. The host records a packing and a product for each
// block (../linear-gradient-commands.ts).

import { widen } from './convert';
import { NO_ACTIVATION } from './linear-finish';
import { columnStride, firstItem, FLOAT32, GROUP, HALF_PANEL, PANEL } from './linear-layout';
import { multiplyPanels } from './product-panels';
import { multiplyTiles } from './product-tile';
import { isQuantized } from './quantized-layout';
import { copyQuantizedRow } from './quantized-rows';
import { storeTransposed, transpose } from './transpose';

/** Columns of the output gradient that are transposed at once. */
const STRIP: i32 = 48;

/**
 * Panels [columns/12][count padded to 24][12] of the transpose: of rows first … first + count − 1 of the weight (rows,
 * columns), float32. `first` is a multiple of 24.
 */
export function packTransposed(
  panels: usize, weight: usize, columns: i32, first: i32, count: i32, dtype: i32, thread: i32, threads: i32,
): void {
  if (isQuantized(dtype)) return transposeQuantized(panels, weight, columns, first, count, dtype, thread, threads);
  const height = dtype == FLOAT32 ? PANEL : HALF_PANEL;
  const panelBytes = panelRows(count) * (PANEL * 4);
  const numSources = (count + height - 1) / height;
  const end = firstItem(numSources, thread + 1, threads);
  for (let i = firstItem(numSources, thread, threads); i < end; i++) {
    const from = weight + <usize>(first / height + i) * <usize>columns * <usize>height * (dtype == FLOAT32 ? 4 : 2);
    const to = panels + <usize>(i * height) * (PANEL * 4);
    if (dtype == FLOAT32) transposeFloats(to, panelBytes, from, columns);
    else transposeHalves(to, panelBytes, from, columns, dtype);
  }
}

/** `packTransposed` of rows of codes, as float32. */
function transposeQuantized(
  panels: usize, weight: usize, columns: i32, first: i32, count: i32, dtype: i32, thread: i32, threads: i32,
): void {
  const panelBytes = panelRows(count) * (PANEL * 4);
  const numPanels = (columns + PANEL - 1) / PANEL;
  const end = firstItem(numPanels, thread + 1, threads);
  for (let i = firstItem(numPanels, thread, threads); i < end; i++) {
    const begin = i * PANEL;
    let to = panels + <usize>i * panelBytes;
    if (begin + PANEL > columns) memory.fill(to, 0, panelBytes);
    for (let row = first; row < first + count; row++, to += PANEL * 4) {
      copyQuantizedRow(to - (<usize>begin << 2), weight, row, begin, min(columns, begin + PANEL), columns, dtype);
    }
  }
}

// @ts-ignore: decorator
@inline
function panelRows(count: i32): usize {
  return <usize>((count + GROUP - 1) / GROUP * GROUP);
}

/** One panel [columns][12] of float32 to twelve rows of each panel of its transpose. Columns past the last are zeros. */
function transposeFloats(to: usize, panelBytes: usize, from: usize, columns: i32): void {
  for (let column = 0; column < columns; column += 4, from += PANEL * 16) {
    const at = to + <usize>(column / PANEL) * panelBytes + (<usize>(column % PANEL) << 2);
    const left = columns - column;
    for (let row = 0; row < PANEL; row += 4) {
      const source = from + (<usize>row << 2);
      const zero = f32x4.splat(0);
      storeTransposed(
        at + <usize>row * (PANEL * 4),
        PANEL * 4,
        v128.load(source),
        left > 1 ? v128.load(source, PANEL * 4) : zero,
        left > 2 ? v128.load(source, PANEL * 8) : zero,
        left > 3 ? v128.load(source, PANEL * 12) : zero,
      );
    }
  }
}

/** One panel [columns][8] of 16 bits to eight rows of each panel of its transpose. Columns past the last are zeros. */
function transposeHalves(to: usize, panelBytes: usize, from: usize, columns: i32, dtype: i32): void {
  const step = columnStride(dtype);
  const low = i32x4.splat(0xffff);
  for (let column = 0; column < columns; column += 4, from += step * 4) {
    const at = to + <usize>(column / PANEL) * panelBytes + (<usize>(column % PANEL) << 2);
    const left = columns - column;
    const zero = i32x4.splat(0);
    const a = v128.load(from);
    const b = left > 1 ? v128.load(from + step) : zero;
    const c = left > 2 ? v128.load(from + step * 2) : zero;
    const d = left > 3 ? v128.load(from + step * 3) : zero;
    storeTransposed(
      at, PANEL * 4,
      widen(v128.and(a, low), dtype), widen(v128.and(b, low), dtype), widen(v128.and(c, low), dtype),
      widen(v128.and(d, low), dtype),
    );
    storeTransposed(
      at + PANEL * 16, PANEL * 4,
      widen(i32x4.shr_u(a, 16), dtype), widen(i32x4.shr_u(b, 16), dtype), widen(i32x4.shr_u(c, 16), dtype),
      widen(i32x4.shr_u(d, 16), dtype),
    );
  }
}

/**
 * output (rows, columns) = or += columns first … first + count − 1 of input (rows, inputs) · panels, as `packTransposed`
 * leaves them.
 */
export function multiplyTransposed(
  output: usize, input: usize, panels: usize, rows: i32, inputs: i32, first: i32, count: i32, columns: i32, adds: bool,
  thread: i32, threads: i32,
): void {
  const panelBytes = panelRows(count) * (PANEL * 4);
  const from = input + (<usize>first << 2);
  multiplyPanels(
    output, from, <usize>inputs << 2, panels, panelBytes, rows, count, columns, adds ? output : 0, <usize>columns << 2,
    NO_ACTIVATION, 0, thread, threads,
  );
}

/** Panels [columns/12][count][12] of `count` rows of the input (count, columns); columns past the last are not used. */
export function packInput(panels: usize, input: usize, count: i32, columns: i32, thread: i32, threads: i32): void {
  const numPanels = (columns + PANEL - 1) / PANEL;
  const panelBytes = <usize>count * (PANEL * 4);
  const stride = <usize>columns << 2;
  // Four rows at a time: three lines of each panel, whole.
  const quads = (count + 3) >> 2;
  const end = min(count, firstItem(quads, thread + 1, threads) << 2);
  for (let row = firstItem(quads, thread, threads) << 2; row < end; row += 4) {
    const height = min(4, end - row);
    for (let i = 0; i < numPanels; i++) {
      let from = input + <usize>row * stride + <usize>i * (PANEL * 4);
      let to = panels + <usize>i * panelBytes + <usize>row * (PANEL * 4);
      const width = columns - i * PANEL;
      for (let j = 0; j < height; j++, from += stride, to += PANEL * 4) {
        v128.store(to, v128.load(from));
        v128.store(to, width > 4 ? v128.load(from, 16) : f32x4.splat(0), 16);
        v128.store(to, width > 8 ? v128.load(from, 32) : f32x4.splat(0), 32);
      }
    }
  }
}

/**
 * weightGrad (outputs, columns) += outputGrad (count, outputs)ᵀ · panels, as `packInput` leaves them. Threads share the
 * outputs; each transposes its own, a strip at a time, into `scratch` (STRIP, count padded to 4, and a line).
 */
export function addWeightGradient(
  weightGrad: usize, outputGrad: usize, panels: usize, count: i32, columns: i32, outputs: i32, scratch: usize,
  thread: i32, threads: i32,
): void {
  const numPanels = (columns + PANEL - 1) / PANEL;
  const panelBytes = <usize>count * (PANEL * 4);
  const weightStride = <usize>columns << 2;
  const gradStride = <usize>outputs << 2;
  const stripStride = (<usize>((count + 3) & ~3) << 2) + 64; // an odd number of lines: rows meet in different sets
  const tiles = (outputs + 2) / 3;
  const end = min(outputs, firstItem(tiles, thread + 1, threads) * 3);
  for (let row = firstItem(tiles, thread, threads) * 3; row < end; row += STRIP) {
    const height = min(STRIP, end - row);
    transpose(scratch, stripStride, outputGrad + (<usize>row << 2), gradStride, count, height);
    const to = weightGrad + <usize>row * weightStride;
    for (let i = 0; i < numPanels; i++) {
      const at = to + <usize>i * (PANEL * 4);
      multiplyTiles(
        at, weightStride, scratch, stripStride, panels + <usize>i * panelBytes, PANEL * 4, height, count,
        min(PANEL, columns - i * PANEL), at, weightStride,
      );
    }
  }
}
