import { formatShape } from '../base/shape.ts';
import { type Origin, Tensor } from '../tensor/tensor.ts';
import type { Weight } from '../tensor/weight.ts';
import { gradientSlot, needGradient } from './gradient-slot.ts';

/**
 * input (…, K) · weightᵀ (K, N) + bias (N) → (…, N). Throws a `RangeError` for shapes that do not fit.
 *
 * @example
 * const hidden = Tensor.from(model.backend, new Float32Array(2 * model.config.hiddenSize), [2, model.config.hiddenSize]);
 * const logits = linear(hidden, model.transformer.parts.tokenEmbedding.weight); // (2, V)
 */
export function linear(input: Tensor, weight: Weight, bias?: Tensor): Tensor {
  if (input.numColumns !== weight.columns)
    throw new RangeError(
      `Cannot apply a linear layer: input of shape ${formatShape(input.shape)}, weight of shape ${formatShape(weight.shape)}`,
    );
  bias?.expectShape([weight.rows], 'the bias of a linear layer');
  const output = Tensor.allocate(input.backend, [...input.shape.slice(0, -1), weight.rows]);
  input.backend.linear(output.buffer, input.buffer, weight.matrix, bias?.buffer);
  return needGradient(input, weight, bias) ? output.withOrigin(originOf(input, weight, bias)) : output;
}

/** ∂L/∂input = ∂L/∂output · weight; ∂L/∂weight = ∂L/∂outputᵀ · input; ∂L/∂bias = Σ ∂L/∂output over the rows. */
function originOf(input: Tensor, weight: Weight, bias: Tensor | undefined): Origin {
  const { backend } = input;
  const { matrix, trained, rows, columns } = weight;
  return {
    inputs: bias === undefined ? [input] : [input, bias],
    saved: trained === undefined ? [] : [input],
    backward({ buffer: outputGrad }) {
      if (trained !== undefined)
        backend.linearWeightGradient(trained.gradient.buffer, outputGrad, input.buffer, { rows, columns });
      const biasSlot = gradientSlot(bias);
      if (biasSlot.buffer !== undefined) backend.addRowSum(biasSlot.buffer, outputGrad);
      if (!input.needsGradient) return [undefined, biasSlot.handOn];
      const inputGrad = Tensor.allocate(backend, input.shape);
      backend.linearInputGradient(inputGrad.buffer, outputGrad, matrix);
      return [inputGrad, biasSlot.handOn];
    },
  };
}
