/** output (T, C) = (x − mean) / √(variance + epsilon) · weight + bias; biased variance (Ba et al. 2016). */
export function layerNorm(
  output: Float32Array,
  input: Float32Array,
  weight: Float32Array,
  bias: Float32Array | undefined,
  epsilon: number,
): void {
  const channels = weight.length;
  for (let start = 0; start < input.length; start += channels) {
    const row = input.subarray(start, start + channels);
    const mean = sumOf(row, (x) => x) / channels;
    const variance = sumOf(row, (x) => (x - mean) ** 2) / channels;
    const factor = 1 / Math.sqrt(variance + epsilon);
    for (let c = 0; c < channels; c++) {
      output[start + c] = (row[c]! - mean) * factor * weight[c]! + (bias === undefined ? 0 : bias[c]!);
    }
  }
}

/** output (T, C) = x / √(mean(x²) + epsilon) · weight (Zhang and Sennrich 2019). */
export function rmsNorm(output: Float32Array, input: Float32Array, weight: Float32Array, epsilon: number): void {
  const channels = weight.length;
  for (let start = 0; start < input.length; start += channels) {
    const row = input.subarray(start, start + channels);
    const factor = 1 / Math.sqrt(sumOf(row, (x) => x * x) / channels + epsilon);
    for (let c = 0; c < channels; c++) output[start + c] = row[c]! * factor * weight[c]!;
  }
}

function sumOf(row: Float32Array, term: (x: number) => number): number {
  let sum = 0;
  for (const x of row) sum += term(x);
  return sum;
}
