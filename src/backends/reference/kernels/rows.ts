/** output (T, width) = columns start … start + width − 1 of input (T, columns). */
export function sliceColumns(
  output: Float32Array,
  input: Float32Array,
  { columns, start, width }: { readonly columns: number; readonly start: number; readonly width: number },
): void {
  for (let row = 0; row < input.length / columns; row++) {
    const first = row * columns + start;
    output.set(input.subarray(first, first + width), row * width);
  }
}

/** output (n, columns): row i is row indices[i] of input (T, columns). */
export function gatherRows(output: Float32Array, input: Float32Array, indices: Int32Array, columns: number): void {
  for (let i = 0; i < indices.length; i++) {
    const first = indices[i]! * columns;
    output.set(input.subarray(first, first + columns), i * columns);
  }
}
