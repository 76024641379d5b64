import { formatShape } from '../base/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { Weight } from '../tensor/weight.ts';

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
  return output;
}
