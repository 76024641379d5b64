// Many rows times all panels of a matrix.

import { finish } from './linear-finish';
import { firstItem, PANEL } from './linear-layout';
import { multiplyTiles } from './product-tile';

/** Bytes of input rows that stay in a core's second-level cache beside a panel. */
const ROWS_BYTES: i32 = 262144;
/** Bytes of panels that stay there, so that a thread can go over all of them for each block of its rows. */
const PANELS_BYTES: usize = 1048576;
/** Rows of a thread from which that pays. */
const LEAST_ROWS: i32 = 48;

/**
 * output (rows, columns) = activation(input (rows, inner) · panels [columns/12][panelBytes] + addend) + residual. Rows of the
 * input are `inputStride` bytes apart; for the addend see `multiplyTiles`, for activation and residual linear-finish.ts.
 * Threads share the rows where the panels are small or few, else the panels.
 */
export function multiplyPanels(
  output: usize, input: usize, inputStride: usize, panels: usize, panelBytes: usize, rows: i32, inner: i32, columns: i32,
  addend: usize, addendStride: usize, kind: i32, residual: usize, thread: i32, threads: i32,
): void {
  const numPanels = (columns + PANEL - 1) / PANEL;
  const tiles = (rows + 2) / 3;
  const isSmall = <usize>numPanels * panelBytes <= PANELS_BYTES && rows >= threads * LEAST_ROWS;
  const sharesRows = isSmall || numPanels < threads;
  const beginRow = sharesRows ? firstItem(tiles, thread, threads) * 3 : 0;
  const endRow = sharesRows ? min(rows, firstItem(tiles, thread + 1, threads) * 3) : rows;
  const beginPanel = sharesRows ? 0 : firstItem(numPanels, thread, threads);
  const endPanel = sharesRows ? numPanels : firstItem(numPanels, thread + 1, threads);
  const blockRows = max(3, ROWS_BYTES / 4 / inner / 3 * 3);
  const outputStride = <usize>columns << 2;
  for (let row = beginRow; row < endRow; row += blockRows) {
    const from = input + <usize>row * inputStride;
    const to = output + <usize>row * outputStride;
    const more = addend ? addend + <usize>row * addendStride : 0;
    const height = min(blockRows, endRow - row);
    for (let i = beginPanel; i < endPanel; i++) {
      const offset = <usize>i * (PANEL * 4);
      const width = min(PANEL, columns - i * PANEL);
      multiplyTiles(
        to + offset, outputStride, from, inputStride, panels + <usize>i * panelBytes, PANEL * 4, height, inner, width,
        more ? more + offset : 0, addendStride,
      );
      const rest = residual ? residual + <usize>row * outputStride + offset : 0;
      finish(to + offset, rest, kind, height, width, outputStride);
    }
  }
}
