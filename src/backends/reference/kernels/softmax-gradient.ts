import { dot } from './dot.ts';

/** inputGrad = output · (outputGrad − Σ outputGrad · output), row by row. */
export function softmaxGradient(
  inputGrad: Float32Array,
  outputGrad: Float32Array,
  output: Float32Array,
  columns: number,
): void {
  for (let start = 0; start < output.length; start += columns) {
    const sum = dot(outputGrad, start, output, start, columns);
    for (let i = start; i < start + columns; i++) inputGrad[i] = output[i]! * (outputGrad[i]! - sum);
  }
}

/** inputGrad = outputGrad − e^output · Σ outputGrad, row by row. */
export function logSoftmaxGradient(
  inputGrad: Float32Array,
  outputGrad: Float32Array,
  output: Float32Array,
  columns: number,
): void {
  for (let start = 0; start < output.length; start += columns) {
    let sum = 0;
    for (let i = start; i < start + columns; i++) sum += outputGrad[i]!;
    for (let i = start; i < start + columns; i++) inputGrad[i] = outputGrad[i]! - Math.exp(output[i]!) * sum;
  }
}
