import type { WeightRows } from './weight-rows.ts';

/** inputGrad (T, K) = outputGrad (T, N) · weight (N, K); each sum in float64, n = 0 … N − 1. */
export function linearInputGradient(inputGrad: Float32Array, outputGrad: Float32Array, weight: WeightRows): void {
  const { rows, columns } = weight;
  const weights = weight.toFloat32(); // (N, K)
  for (let token = 0; token < outputGrad.length / rows; token++) {
    const sums = new Float64Array(columns);
    for (let n = 0; n < rows; n++) {
      const factor = outputGrad[token * rows + n]!;
      for (let k = 0; k < columns; k++) sums[k]! += factor * weights[n * columns + k]!;
    }
    inputGrad.set(sums, token * columns);
  }
}

/** weightGrad (N, K) += outputGradᵀ (N, T) · input (T, K); each sum in float64, t = 0 … T − 1. */
export function linearWeightGradient(
  weightGrad: Float32Array,
  outputGrad: Float32Array,
  input: Float32Array,
  { rows, columns }: { readonly rows: number; readonly columns: number },
): void {
  const numTokens = input.length / columns;
  for (let n = 0; n < rows; n++) {
    const sums = new Float64Array(columns);
    for (let token = 0; token < numTokens; token++) {
      const factor = outputGrad[token * rows + n]!;
      for (let k = 0; k < columns; k++) sums[k]! += factor * input[token * columns + k]!;
    }
    for (let k = 0; k < columns; k++) weightGrad[n * columns + k]! += sums[k]!;
  }
}
