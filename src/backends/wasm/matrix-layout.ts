import { bytesPerElement, type MatrixFormat, type WeightDType } from '../../backend/dtype.ts';
import { alignedBytes } from './heap.ts';
import { quantizedByteLength, quantizedScratch, schemeCode } from './quantized-layout.ts';

// The host's side of assembly/linear-layout.ts: how many bytes the kernels want.

/** Rows of a float32 panel. */
const FLOAT32_PANEL = 12;
/** Rows of a 16-bit panel. */
const HALF_PANEL = 8;
/** What the rows of 16-bit matrices are padded to: three panels of 8 are two of 12. */
const HALF_GROUP = 24;
/** Between the sums of two threads, further than a prefetcher runs ahead: else one takes the other's lines from its cache. */
const THREAD_GAP = 4096;
/** From this many rows on, `linear` goes over whole panels at once, of 16-bit weights widened to float32 first. */
const MANY_ROWS = { float32: 48, bfloat16: 24, float16: 24 } satisfies Record<WeightDType, number>;

/** How the kernels call a format. */
export function formatCode(format: MatrixFormat): number {
  return typeof format === 'string' ? DTYPE_CODES[format] : schemeCode(format);
}

const DTYPE_CODES = { float32: 0, bfloat16: 1, float16: 2 } as const satisfies Record<WeightDType, number>;

/** Bytes of a weight matrix, rows padded to whole panels. */
export function matrixByteLength(dtype: MatrixFormat, rows: number, columns: number): number {
  if (typeof dtype !== 'string') return quantizedByteLength(dtype, rows, columns);
  const multiple = dtype === 'float32' ? FLOAT32_PANEL : HALF_GROUP;
  return Math.ceil(rows / multiple) * multiple * columns * bytesPerElement(dtype);
}

/** Scratch bytes of `linear` on `threads` threads, whatever the number of outputs. */
export function linearScratchBytes(format: MatrixFormat, rows: number, inputs: number, threads: number): number {
  if (typeof format === 'string') return threads * alignedBytes(threadScratchBytes(format, rows, inputs));
  return rows === 0 ? 0 : quantizedScratch(format, { rows, inputs, threads }).bytes;
}

/**
 * Scratch bytes of each thread of `linear` of floats, whatever the number of outputs. For few rows the sums of their panels, and the rows
 * and their factors where float16 input is scaled; for many one group of outputs where weights are widened.
 */
export function threadScratchBytes(dtype: WeightDType, rows: number, inputs: number): number {
  if (rows >= MANY_ROWS[dtype]) return dtype === 'float32' ? 0 : HALF_GROUP * inputs * 4;
  const sums = dtype === 'float32' ? 4 * rows * FLOAT32_PANEL : Math.max(4 * rows, 8) * HALF_PANEL;
  return 4 * (dtype === 'float16' ? sums + rows * (inputs + 1) : sums) + THREAD_GAP;
}
