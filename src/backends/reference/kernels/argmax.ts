/** The largest element of each row of `columns` and its index; the lowest index of equals, and NaN above all: (T), (T). */
export function argmax(indices: Int32Array, values: Float32Array, input: Float32Array, columns: number): void {
  for (let row = 0; row < indices.length; row++) {
    const elements = input.subarray(row * columns, (row + 1) * columns);
    const index = indexOfLargest(elements);
    indices[row] = index;
    values[row] = elements[index]!;
  }
}

function indexOfLargest(elements: Float32Array): number {
  let best = 0;
  for (const [i, element] of elements.entries()) {
    if (Number.isNaN(element)) return i;
    if (element > elements[best]!) best = i;
  }
  return best;
}
