import { groupsPerRow, type QuantizationScheme } from './quantization-scheme.ts';
import { emptyQuantizedMatrix, type QuantizedMatrix } from './quantized-matrix.ts';
import { roundScale } from './round-scale.ts';

/**
 * Quantises a matrix (rows, columns), row-major, each weight to the code nearest to it. A symmetric scale is the largest magnitude of
 * its group over 127, or the number of the largest magnitude over −8; with minima, the range of the group and 0 over 15, with a code
 * for 0. Throws a `RangeError` for a weight that is not finite, a matrix of another length and a scheme that cannot be.
 *
 * @example
 * const { codes, scales } = quantizeToNearest(new Float32Array([1, -0.5, 0.25, 0]), QUANTIZATIONS.int8, 1, 4);
 * codes; // 127, −64, 32, 0
 */
export function quantizeToNearest(
  values: Float32Array,
  scheme: QuantizationScheme,
  rows: number,
  columns: number,
): QuantizedMatrix {
  if (values.length !== rows * columns)
    throw new RangeError(`Cannot quantise: ${values.length} weights, wanted ${rows} × ${columns}`);
  const matrix = emptyQuantizedMatrix(scheme, rows, columns);
  for (let row = 0; row < rows; row++) quantizeRow(matrix, row, values.subarray(row * columns, (row + 1) * columns));
  return matrix;
}

/** Fills one row of a matrix with the codes nearest to `values` (columns). */
export function quantizeRow(matrix: QuantizedMatrix, row: number, values: Float32Array): void {
  const { scheme, columns } = matrix;
  const groupSize = scheme.groupSize === 'row' ? columns : scheme.groupSize;
  let group = row * groupsPerRow(scheme, columns);
  for (let first = 0; first < columns; first += groupSize, group++) {
    const end = Math.min(columns, first + groupSize);
    const { scale, minimum } = rangeOf(values.subarray(first, end), scheme);
    matrix.scales[group] = scale;
    if (matrix.minima !== undefined) matrix.minima[group] = minimum;
    roundToCodes(matrix.codes.subarray(row * columns + first, row * columns + end), values, first, {
      scale,
      minimum,
      scheme,
    });
  }
}

/** The scale of a group, rounded, and its minimum. */
function rangeOf(values: Float32Array, { bits, isSymmetric, scaleDType }: QuantizationScheme) {
  let least = 0;
  let most = 0;
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
    if (!Number.isFinite(value)) throw new RangeError(`Cannot quantise: a weight is ${value}, wanted a finite number`);
  }
  if (!isSymmetric) {
    const scale = roundScale((most - least) / 15, scaleDType);
    const zeroPoint = scale === 0 ? 0 : Math.min(15, Math.round(-least / scale));
    return { scale, minimum: zeroPoint === 0 ? 0 : -scale * zeroPoint };
  }
  const largest = -least > most ? least : most;
  if (largest === 0) return { scale: 0, minimum: 0 };
  return { scale: roundScale(bits === 8 ? Math.abs(largest) / 127 : -largest / 8, scaleDType), minimum: 0 };
}

interface Group {
  readonly scale: number;
  readonly minimum: number;
  readonly scheme: QuantizationScheme;
}

function roundToCodes(
  codes: Int8Array,
  values: Float32Array,
  first: number,
  { scale, minimum, scheme: { bits, isSymmetric } }: Group,
): void {
  if (scale === 0) return;
  const least = isSymmetric ? (bits === 8 ? -127 : -8) : 0;
  const most = isSymmetric ? (bits === 8 ? 127 : 7) : 15;
  for (let i = 0; i < codes.length; i++) {
    const code = Math.round((values[first + i]! - minimum) / scale);
    codes[i] = code < least ? least : Math.min(code, most);
  }
}
