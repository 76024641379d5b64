/** output (T): the index of the largest element of each row of `columns`; the lowest index of equals. */
export function argmax(output: Int32Array, input: Float32Array, columns: number): void {
  for (let row = 0; row < output.length; row++) {
    const start = row * columns;
    let best = 0;
    for (let c = 1; c < columns; c++) if (input[start + c]! > input[start + best]!) best = c;
    output[row] = best;
  }
}
