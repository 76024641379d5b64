/**
 * Σ over rows of δᵀ · H · δ, δ = weights − others of a row: by how much (squared, over the calibration) the output of a linear layer
 * changes where its weights (rows, columns) become others. `every` takes one row in so many.
 */
export function outputError(
  weights: Float32Array,
  others: Float32Array,
  hessian: Float64Array,
  columns: number,
  every = 1,
): number {
  const rows = weights.length / columns;
  const difference = new Float64Array(columns);
  let sum = 0;
  for (let row = 0; row < rows; row += every) {
    for (let k = 0; k < columns; k++) difference[k] = weights[row * columns + k]! - others[row * columns + k]!;
    for (let i = 0; i < columns; i++) {
      let dot = 0;
      for (let j = 0; j < columns; j++) dot += hessian[i * columns + j]! * difference[j]!;
      sum += difference[i]! * dot;
    }
  }
  return sum;
}
