import { bytesPerElement, type WeightDType } from '../../backend/dtype.ts';

// The host's side of assembly/linear-layout.ts: how many bytes the kernels want. All figures are multiples of 16.

/** Rows of a float32 panel, and the number that 16-bit matrices are padded to: three panels of 8, two of 12. */
const FLOAT32_PANEL = 12;
const HALF_GROUP = 24;

/** Bytes of a weight matrix, rows padded to whole panels. */
export function matrixByteLength(dtype: WeightDType, rows: number, columns: number): number {
  return padRows(dtype, rows) * columns * bytesPerElement(dtype);
}

/**
 * Scratch bytes that each thread of `linear` needs: one group of outputs widened to float32, or for a single row of
 * float16 the scaled input.
 */
export function linearScratchBytes(dtype: WeightDType, rows: number, inputs: number, outputs: number): number {
  if (dtype === 'float32' || rows === 0 || outputs === 0) return 0;
  if (rows > 1) return HALF_GROUP * inputs * 4;
  return dtype === 'float16' ? Math.ceil(inputs / 4) * 16 : 0;
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
