import type { QuantizationScheme } from '../quantized/quantization-scheme.ts';
import { dequantize } from '../quantized/quantized-matrix.ts';
import { quantizeToNearest } from '../quantized/round-to-nearest.ts';
import { outputError } from './output-error.ts';

/** A matrix that reads the input, and how it is to be quantised. */
export interface ScaledMatrix {
  readonly values: Float32Array;
  readonly rows: number;
  readonly scheme: QuantizationScheme;
}

const NUM_EXPONENTS = 20;
/** Rows of a matrix that a choice is tried on. */
const MAX_ROWS = 256;

/**
 * The numbers (columns) that the columns of some matrices are multiplied by, and their common input divided by, so that rounding hurts
 * the output least (AWQ, Lin et al. 2023): s = (root mean square of the input's channel)^α, divided by √(max s · min s), with α from
 * the grid 0, 0.05, …, 0.95. The error is the output's over the calibration, from the Hessian (columns × columns); the
 * paper takes the mean magnitude of a channel and runs the layer. Undefined where α = 0, which changes nothing, is best.
 */
export function awqScales(
  matrices: readonly ScaledMatrix[],
  hessian: Float64Array,
  columns: number,
): Float64Array | undefined {
  const magnitudes = Float64Array.from({ length: columns }, (_, k) => Math.sqrt(hessian[k * columns + k]!));
  let best: Float64Array | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (let step = 0; step < NUM_EXPONENTS; step++) {
    const scales = scalesOf(magnitudes, step / NUM_EXPONENTS);
    const error = matrices.reduce((sum, matrix) => sum + errorWith(matrix, scales, hessian, columns), 0);
    if (error >= least) continue;
    least = error;
    best = step === 0 ? undefined : scales;
  }
  return best;
}

function scalesOf(magnitudes: Float64Array, exponent: number): Float64Array {
  const scales = magnitudes.map((magnitude) => Math.max(magnitude ** exponent, 1e-4));
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  for (const scale of scales) [least, most] = [Math.min(least, scale), Math.max(most, scale)];
  const middle = Math.sqrt(least * most);
  return scales.map((scale) => scale / middle);
}

/** Of a sample of the rows. */
function errorWith(matrix: ScaledMatrix, scales: Float64Array, hessian: Float64Array, columns: number): number {
  const every = Math.ceil(matrix.rows / MAX_ROWS);
  const numRows = Math.ceil(matrix.rows / every);
  const sample = new Float32Array(numRows * columns);
  for (let row = 0; row < numRows; row++)
    sample.set(matrix.values.subarray(row * every * columns, (row * every + 1) * columns), row * columns);
  const scaled = timesColumns(sample, scales, columns);
  const rounded = dequantize(quantizeToNearest(scaled, matrix.scheme, numRows, columns));
  const back = timesColumns(
    rounded,
    scales.map((scale) => 1 / scale),
    columns,
  );
  return every * outputError(sample, back, hessian, columns);
}

/** Each column of a matrix times a number. */
export function timesColumns(values: Float32Array, factors: Float64Array, columns: number): Float32Array {
  return values.map((value, i) => value * factors[i % columns]!);
}

/** The Hessian of inputs that are divided by the scales. */
export function scaledHessian(hessian: Float64Array, scales: Float64Array): Float64Array {
  const n = scales.length;
  return hessian.map((value, at) => value / (scales[Math.floor(at / n)]! * scales[at % n]!));
}
