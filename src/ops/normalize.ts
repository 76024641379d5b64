import { Tensor } from '../tensor/tensor.ts';

/**
 * (x − mean) / √(variance + epsilon) · weight + bias over the last dimension (Ba et al. 2016): (…, C), (C), (C) → (…,
 * C). Throws a `RangeError` for shapes that do not fit.
 */
export function layerNorm(input: Tensor, weight: Tensor, bias: Tensor | undefined, epsilon: number): Tensor {
  weight.expectShape([input.numColumns], 'the weight of a layer norm');
  bias?.expectShape([input.numColumns], 'the bias of a layer norm');
  const output = Tensor.allocate(input.backend, input.shape);
  input.backend.layerNorm(output.buffer, input.buffer, weight.buffer, bias?.buffer, epsilon);
  return output;
}

/**
 * x / √(mean(x²) + epsilon) · weight over the last dimension (Zhang & Sennrich 2019): (…, C), (C) → (…, C). Throws a
 * `RangeError` for shapes that do not fit.
 */
export function rmsNorm(input: Tensor, weight: Tensor, epsilon: number): Tensor {
  weight.expectShape([input.numColumns], 'the weight of an RMS norm');
  const output = Tensor.allocate(input.backend, input.shape);
  input.backend.rmsNorm(output.buffer, input.buffer, weight.buffer, epsilon);
  return output;
}
