import { Tensor } from '../tensor/tensor.ts';
import { gradientSlot, needGradient } from './gradient-slot.ts';

/**
 * (x − mean) / √(variance + epsilon) · weight + bias over the last dimension (Ba et al. 2016): (…, C), (C), (C) → (…,
 * C). Throws a `RangeError` for shapes that do not fit.
 */
export function layerNorm(input: Tensor, weight: Tensor, bias: Tensor | undefined, epsilon: number): Tensor {
  weight.expectShape([input.numColumns], 'the weight of a layer norm');
  bias?.expectShape([input.numColumns], 'the bias of a layer norm');
  const output = Tensor.allocate(input.backend, input.shape);
  const { backend } = input;
  backend.layerNorm(output.buffer, input.buffer, weight.buffer, bias?.buffer, epsilon);
  if (!needGradient(input, weight, bias)) return output;
  return output.withOrigin({
    inputs: bias === undefined ? [input, weight] : [input, weight, bias],
    saved: [input, weight],
    backward({ buffer: outputGrad }) {
      const inputGrad = Tensor.allocate(backend, input.shape);
      const [ofWeight, ofBias] = [gradientSlot(weight), gradientSlot(bias)];
      const grads = { weightGrad: ofWeight.buffer, biasGrad: ofBias.buffer };
      backend.layerNormGradient(inputGrad.buffer, grads, outputGrad, input.buffer, weight.buffer, epsilon);
      return [inputGrad, ofWeight.handOn, ofBias.handOn];
    },
  });
}

/**
 * x / √(mean(x²) + epsilon) · weight over the last dimension (Zhang & Sennrich 2019): (…, C), (C) → (…, C). Throws a
 * `RangeError` for shapes that do not fit.
 */
export function rmsNorm(input: Tensor, weight: Tensor, epsilon: number): Tensor {
  weight.expectShape([input.numColumns], 'the weight of an RMS norm');
  const output = Tensor.allocate(input.backend, input.shape);
  const { backend } = input;
  backend.rmsNorm(output.buffer, input.buffer, weight.buffer, epsilon);
  if (!needGradient(input, weight)) return output;
  return output.withOrigin({
    inputs: [input, weight],
    saved: [input, weight],
    backward({ buffer: outputGrad }) {
      const inputGrad = Tensor.allocate(backend, input.shape);
      const { buffer: weightGrad, handOn } = gradientSlot(weight);
      backend.rmsNormGradient(inputGrad.buffer, { weightGrad }, outputGrad, input.buffer, weight.buffer, epsilon);
      return [inputGrad, handOn];
    },
  });
}
