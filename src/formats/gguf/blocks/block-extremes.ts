/** Values of a block of the simple types. */
const SIZE = 32;

/** The first value of a block that is farthest from zero, with its sign. */
export function largestMagnitude(values: Float32Array, from: number): number {
  let largest = values[from]!;
  for (let i = 1; i < SIZE; i++) if (Math.abs(values[from + i]!) > Math.abs(largest)) largest = values[from + i]!;
  return largest;
}

/** The smallest and the largest value of a block. */
export function extremes(values: Float32Array, from: number): { readonly min: number; readonly max: number } {
  let min = values[from]!;
  let max = min;
  for (let i = 1; i < SIZE; i++) {
    const value = values[from + i]!;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}
