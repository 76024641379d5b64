import { checkScheme, groupsPerRow, type QuantizationScheme } from './quantization-scheme.ts';
import { roundScale } from './round-scale.ts';

/** A weight matrix as codes and what turns them into numbers, on the host; row-major. */
export interface QuantizedMatrix extends QuantizedValues {
  readonly scheme: QuantizationScheme;
  /** Outputs. */
  readonly rows: number;
  /** Inputs. */
  readonly columns: number;
}

/** Codes, scales and minima of some rows. */
export interface QuantizedValues {
  /** (rows, columns), one a byte, of 4 bits too. */
  readonly codes: Int8Array;
  /** (rows, groups), each a number of the scheme's scale dtype. */
  readonly scales: Float32Array;
  /** (rows, groups): the values of code 0. Undefined where the scheme is symmetric. */
  readonly minima: Float32Array | undefined;
}

/** Zeros, for `quantizeRow` or a reader to fill. Throws a `RangeError` for a scheme that cannot be. */
export function emptyQuantizedMatrix(scheme: QuantizationScheme, rows: number, columns: number): QuantizedMatrix {
  checkScheme(scheme);
  const numGroups = rows * groupsPerRow(scheme, columns);
  return {
    scheme,
    rows,
    columns,
    codes: new Int8Array(rows * columns),
    scales: new Float32Array(numGroups),
    minima: scheme.isSymmetric ? undefined : new Float32Array(numGroups),
  };
}

/**
 * The numbers that a matrix stands for, (rows, columns), or those of one row: `scale · code + minimum` in float32, rounded where
 * the minimum is added.
 *
 * @example
 * const matrix = quantizeToNearest(new Float32Array([1, -0.5, 0.25, 0]), QUANTIZATIONS.int8, 1, 4);
 * dequantize(matrix); // 0.996, −0.502, 0.251, 0
 */
export function dequantize(matrix: QuantizedMatrix): Float32Array {
  const values = new Float32Array(matrix.rows * matrix.columns);
  for (let row = 0; row < matrix.rows; row++) dequantizeRow(matrix, row, values, row * matrix.columns);
  return values;
}

/** Writes the numbers of one row to `values` from `start` on. */
export function dequantizeRow(
  { scheme, columns, codes, scales, minima }: QuantizedMatrix,
  row: number,
  values: Float32Array,
  start: number,
): void {
  const groupSize = scheme.groupSize === 'row' ? columns : scheme.groupSize;
  let group = row * groupsPerRow(scheme, columns);
  for (let first = 0; first < columns; first += groupSize, group++) {
    const scale = scales[group]!;
    const minimum = minima === undefined ? 0 : minima[group]!;
    const end = Math.min(columns, first + groupSize);
    for (let k = first; k < end; k++) {
      const product = Math.fround(scale * codes[row * columns + k]!);
      values[start + k] = minima === undefined ? product : product + minimum;
    }
  }
}

/** Throws a `RangeError` unless the values are those of `count` rows of `columns` in the scheme. */
export function checkQuantizedValues(
  action: string,
  { codes, scales, minima }: QuantizedValues,
  scheme: QuantizationScheme,
  { count, columns }: { readonly count: number; readonly columns: number },
): void {
  const fail = (problem: string): never => {
    throw new RangeError(`Cannot ${action}: ${problem}`);
  };
  const numGroups = count * groupsPerRow(scheme, columns);
  if (codes.length !== count * columns) fail(`${codes.length} codes, wanted ${count * columns}`);
  if (scales.length !== numGroups) fail(`${scales.length} scales, wanted ${numGroups}`);
  const numMinima = scheme.isSymmetric ? 0 : numGroups;
  if ((minima?.length ?? 0) !== numMinima) fail(`${minima?.length ?? 0} minima, wanted ${numMinima}`);
  const inexact = scales.find((scale) => !isScale(scale, scheme));
  if (inexact !== undefined) fail(`scale ${inexact}, wanted a number of ${scheme.scaleDType}`);
  if (scheme.bits === 8) return;
  const least = scheme.isSymmetric ? -8 : 0;
  const wrong = codes.find((code) => code < least || code > least + 15);
  if (wrong !== undefined) fail(`code ${wrong}, wanted ${least} to ${least + 15}`);
}

/** Whether nothing is lost where a scale is kept in the scheme's dtype. */
function isScale(scale: number, { scaleDType }: QuantizationScheme): boolean {
  return !Number.isFinite(scale) || roundScale(scale, scaleDType) === scale;
}
