/** output (C) += Σ_t input (T, C). */
export function addRowSum(output: Float32Array, input: Float32Array): void {
  const columns = output.length;
  const sums = new Float64Array(columns);
  for (let i = 0; i < input.length; i++) sums[i % columns]! += input[i]!;
  for (let c = 0; c < columns; c++) output[c]! += sums[c]!;
}

/** Row indices[i] of output (R, columns) += row i of input (n, columns), in the order of i. */
export function scatterAddRows(output: Float32Array, input: Float32Array, indices: Int32Array, columns: number): void {
  for (let i = 0; i < indices.length; i++) {
    const to = indices[i]! * columns;
    for (let c = 0; c < columns; c++) output[to + c]! += input[i * columns + c]!;
  }
}

/** output (T, columns) = zeros, but for columns start … start + width − 1, which are input (T, width). */
export function padColumns(
  output: Float32Array,
  input: Float32Array,
  { columns, start, width }: { readonly columns: number; readonly start: number; readonly width: number },
): void {
  output.fill(0);
  for (let row = 0; row < output.length / columns; row++) {
    output.set(input.subarray(row * width, (row + 1) * width), row * columns + start);
  }
}
