import { groupsPerRow, type QuantizationScheme } from '../quantized/quantization-scheme.ts';
import type { QuantizedMatrix } from '../quantized/quantized-matrix.ts';
import { inverseFactor } from './inverse-factor.ts';
import { codeRange, nearestCode, quantizeBySearch } from './scale-search.ts';

/** How GPTQ goes over the columns. */
export interface GptqOptions {
  /** Added to the diagonal of the Hessian, as a share of its mean; 0.01 unless given. */
  readonly damping?: number | undefined;
  /** Columns in the order of their Hessian's diagonal, largest first, instead of from the first; true unless given. */
  readonly activationOrder?: boolean | undefined;
}

/** Rows that go over the factor together, so that it is read from the processor's cache. */
const ROWS_AT_ONCE = 16;

/**
 * Quantises a matrix (rows, columns) by GPTQ (Frantar et al. 2022): column by column to the nearest code, the error of each spread over
 * the columns that are still to come, so that the output over the calibration changes least. `hessian` (columns × columns) is
 * Σ x · xᵀ over the inputs x, of any scale. The scales are those of the unchanged weights (`quantizeBySearch`, with the Hessian's
 * diagonal), so that a group is a run of columns whatever their order ("static groups"). In float64.
 *
 * Throws a `RangeError` for weights that are not finite and a Hessian that is not positive definite.
 *
 * @example
 * const matrix = gptq(weights, hessian, QUANTIZATIONS.int4, { rows: 768, columns: 768 });
 */
export function gptq(
  values: Float32Array,
  hessian: Float64Array,
  scheme: QuantizationScheme,
  shape: { readonly rows: number; readonly columns: number },
  { damping = 0.01, activationOrder = true }: GptqOptions = {},
): QuantizedMatrix {
  const { rows, columns } = shape;
  const diagonal = Float64Array.from({ length: columns }, (_, k) => hessian[k * columns + k]!);
  const matrix = quantizeBySearch(values, scheme, shape, diagonal);
  const order = Int32Array.from({ length: columns }, (_, k) => k);
  if (activationOrder) order.sort((a, b) => diagonal[b]! - diagonal[a]! || a - b);
  const factor = inverseFactor(permuted(hessian, order), columns, damping);
  for (let first = 0; first < rows; first += ROWS_AT_ONCE)
    quantizeRows(matrix, values, { first, count: Math.min(ROWS_AT_ONCE, rows - first), order, factor });
  return matrix;
}

interface Rows {
  readonly first: number;
  readonly count: number;
  /** The column that is done as number i. */
  readonly order: Int32Array;
  readonly factor: Float64Array;
}

function quantizeRows(matrix: QuantizedMatrix, values: Float32Array, { first, count, order, factor }: Rows): void {
  const { scheme, columns, codes, scales, minima } = matrix;
  const range = codeRange(scheme);
  const groupSize = scheme.groupSize === 'row' ? columns : scheme.groupSize;
  const numGroups = groupsPerRow(scheme, columns);
  // (count, columns), in the order of the columns.
  const left = new Float64Array(count * columns);
  for (let row = 0; row < count; row++)
    for (let i = 0; i < columns; i++) left[row * columns + i] = values[(first + row) * columns + order[i]!]!;
  for (let i = 0; i < columns; i++) {
    const column = order[i]!;
    const pivot = factor[i * columns + i]!;
    for (let row = 0; row < count; row++) {
      const at = row * columns;
      const group = (first + row) * numGroups + Math.floor(column / groupSize);
      const scale = { scale: scales[group]!, minimum: minima === undefined ? 0 : minima[group]! };
      const code = nearestCode(left[at + i]!, scale, range);
      codes[(first + row) * columns + column] = code;
      const error = (left[at + i]! - (scale.scale * code + scale.minimum)) / pivot;
      for (let j = i + 1; j < columns; j++) left[at + j]! -= error * factor[i * columns + j]!;
    }
  }
}

/** Rows and columns of a symmetric matrix in another order. */
function permuted(matrix: Float64Array, order: Int32Array): Float64Array {
  const n = order.length;
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) result[i * n + j] = matrix[order[i]! * n + order[j]!]!;
  return result;
}
