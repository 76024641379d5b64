import { bytesPerElement, type WeightDType } from '../../backend/dtype.ts';

// The host's side of assembly/linear-layout.ts: how many bytes the kernels want.

/** Rows of a float32 panel. */
const FLOAT32_PANEL = 12;
/** What the rows of 16-bit matrices are padded to: three panels of 8 are two of 12. */
const HALF_GROUP = 24;
/** From this many rows on, `linear` widens 16-bit weights to float32 panels first. */
const WIDEN_ROWS = 24;

/** Bytes of a weight matrix, rows padded to whole panels. */
export function matrixByteLength(dtype: WeightDType, rows: number, columns: number): number {
  const multiple = dtype === 'float32' ? FLOAT32_PANEL : HALF_GROUP;
  return Math.ceil(rows / multiple) * multiple * columns * bytesPerElement(dtype);
}

/**
 * Scratch bytes of each thread of `linear`, whatever the number of outputs: rows and their factors where float16 input is
 * scaled, one group of outputs where weights are widened.
 */
export function linearScratchBytes(dtype: WeightDType, rows: number, inputs: number): number {
  if (dtype === 'float32') return 0;
  if (rows >= WIDEN_ROWS) return HALF_GROUP * inputs * 4;
  return dtype === 'float16' ? rows * (inputs + 1) * 4 : 0;
}
