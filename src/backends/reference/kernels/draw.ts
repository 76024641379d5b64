/** Where each row of `columns` weights is drawn at uniforms (T), and the weight there: (T), (T). */
export function draw(
  indices: Int32Array,
  values: Float32Array,
  weights: Float32Array,
  uniforms: Float32Array,
  columns: number,
): void {
  for (let row = 0; row < indices.length; row++) {
    const own = weights.subarray(row * columns, (row + 1) * columns);
    const index = indexAt(own, uniforms[row]!);
    indices[row] = index;
    values[row] = own[index]!;
  }
}

function indexAt(weights: Float32Array, uniform: number): number {
  const target = uniform * weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  const index = weights.findIndex((weight) => {
    sum += weight;
    return sum > target;
  });
  return index < 0 ? weights.length - 1 : index;
}
