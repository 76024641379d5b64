/** Σ a[aStart + i] · b[bStart + i] for i = 0 … length − 1, in float64 and in this order. */
export function dot(a: Float32Array, aStart: number, b: Float32Array, bStart: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += a[aStart + i]! * b[bStart + i]!;
  return sum;
}
