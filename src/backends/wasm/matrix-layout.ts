import { bytesPerElement, type WeightDType } from '../../backend/dtype.ts';

// The host's side of assembly/linear-layout.ts: how many bytes the kernels want. All figures are multiples of 16.

/** Rows of a float32 panel, and the number that 16-bit matrices are padded to: three panels of 8, two of 12. */
const FLOAT32_PANEL = 12;
const HALF_GROUP = 24;
/** From this many rows on, `linear` widens 16-bit weights first. */
const WIDEN_ROWS = 32;

/** Bytes of a weight matrix, rows padded to whole panels. */
export function matrixByteLength(dtype: WeightDType, rows: number, columns: number): number {
  return padRows(dtype, rows) * columns * bytesPerElement(dtype);
}

/** Scratch bytes that each thread of `linear` needs: float16 rows scaled, or a group of outputs widened to float32. */
export function linearScratchBytes(dtype: WeightDType, rows: number, inputs: number): number {
  if (dtype === 'float32') return 0;
  if (rows >= WIDEN_ROWS) return HALF_GROUP * inputs * 4;
  return dtype === 'float16' ? rows * (inputs + 1) * 4 : 0;
}

/** Bytes of the packed input that `linearPrepare` writes. */
export function linearPackedBytes(rows: number, inputs: number): number {
  return Math.ceil(rows / 3) * 3 * Math.ceil(inputs / 4) * 16;
}

/** Whether `linearPrepare`, and the barrier after it, pay. */
export function linearNeedsPrepare(rows: number, _inputs: number, outputs: number, _dtype: WeightDType): boolean {
  return false;
}

function padRows(dtype: WeightDType, rows: number): number {
  const multiple = dtype === 'float32' ? FLOAT32_PANEL : HALF_GROUP;
  return Math.ceil(rows / multiple) * multiple;
}
