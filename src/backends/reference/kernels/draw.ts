/** Where each row of `columns` weights is drawn at uniforms (T), and the weight there: (T), (T); none below minP · the largest. */
export function draw(
  indices: Int32Array,
  values: Float32Array,
  weights: Float32Array,
  uniforms: Float32Array,
  { columns, minP }: { readonly columns: number; readonly minP: number },
): void {
  for (let row = 0; row < indices.length; row++) {
    const own = weights.subarray(row * columns, (row + 1) * columns);
    const index = indexAt(own, uniforms[row]!, minP);
    indices[row] = index;
    values[row] = own[index]!;
  }
}

function indexAt(weights: Float32Array, uniform: number, minP: number): number {
  const least = minP * weights.reduce((largest, weight) => Math.max(largest, weight), 0);
  const counted = (weight: number) => (weight >= least ? weight : 0);
  const target = uniform * weights.reduce((sum, weight) => sum + counted(weight), 0);
  let sum = 0;
  const index = weights.findIndex((weight) => {
    sum += counted(weight);
    return sum > target;
  });
  return index < 0 ? weights.length - 1 : index;
}
