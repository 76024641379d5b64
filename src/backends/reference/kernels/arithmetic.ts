/** output[i] = a[i] + b[i mod b.length]. */
export function add(output: Float32Array, a: Float32Array, b: Float32Array): void {
  for (let i = 0; i < output.length; i++) output[i] = a[i]! + b[i % b.length]!;
}

/** output[i] = a[i] · b[i mod b.length]. */
export function multiply(output: Float32Array, a: Float32Array, b: Float32Array): void {
  for (let i = 0; i < output.length; i++) output[i] = a[i]! * b[i % b.length]!;
}

/** output[i] = input[i] · factor. */
export function scale(output: Float32Array, input: Float32Array, factor: number): void {
  for (let i = 0; i < output.length; i++) output[i] = input[i]! * factor;
}
