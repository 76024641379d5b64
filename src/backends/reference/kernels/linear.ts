import type { ReferenceMatrix } from '../reference-matrix.ts';
import { dot } from './dot.ts';

/** output (T, weight.rows) = input (T, weight.columns) · weightᵀ + bias (weight.rows). */
export function linear(
  output: Float32Array,
  input: Float32Array,
  weight: ReferenceMatrix,
  bias: Float32Array | undefined,
): void {
  const { rows, columns } = weight;
  const numTokens = input.length / columns;
  for (let row = 0; row < rows; row++) {
    const weights = weight.row(row); // (columns)
    const offset = bias === undefined ? 0 : bias[row]!;
    for (let token = 0; token < numTokens; token++) {
      output[token * rows + row] = dot(input, token * columns, weights, 0, columns) + offset;
    }
  }
}
