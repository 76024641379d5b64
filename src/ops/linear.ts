import type { LinearEpilogue } from '../backend/backend.ts';
import { formatShape } from '../base/shape.ts';
import { type Origin, Tensor } from '../tensor/tensor.ts';
import type { Weight } from '../tensor/weight.ts';
import { activate, add } from './elementwise.ts';
import { gradientSlot, needGradient } from './gradient-slot.ts';

/**
 * activation(input (…, K) · weightᵀ (K, N) + bias (N)) + addend (…, N) → (…, N), without what is not given. Throws a
 * `RangeError` for shapes that do not fit.
 *
 * @example
 * const hidden = Tensor.from(model.backend, new Float32Array(2 * model.config.hiddenSize), [2, model.config.hiddenSize]);
 * const logits = linear(hidden, model.transformer.parts.tokenEmbedding.weight); // (2, V)
 */
export function linear(input: Tensor, weight: Weight, bias?: Tensor, epilogue: LinearEpilogue<Tensor> = {}): Tensor {
  if (input.numColumns !== weight.columns)
    throw new RangeError(
      `Cannot apply a linear layer: input of shape ${formatShape(input.shape)}, weight of shape ${formatShape(weight.shape)}`,
    );
  bias?.expectShape([weight.rows], 'the bias of a linear layer');
  const shape = [...input.shape.slice(0, -1), weight.rows];
  const { activation, addend } = epilogue;
  addend?.expectShape(shape, 'the addend of a linear layer');
  const output = Tensor.allocate(input.backend, shape);
  if (needGradient(input, weight, bias, addend)) {
    input.backend.linear(output.buffer, input.buffer, weight.matrix, bias?.buffer);
    return finished(output.withOrigin(originOf(input, weight, bias)), epilogue);
  }
  input.backend.linear(output.buffer, input.buffer, weight.matrix, bias?.buffer, {
    activation,
    addend: addend?.buffer,
  });
  return output;
}

/** activation(products) + addend, each an operation of its own: the same bits as in `linear`. */
export function finished(products: Tensor, { activation, addend }: LinearEpilogue<Tensor>): Tensor {
  const activated = activation === undefined ? products : activate(products, activation);
  return addend === undefined ? activated : add(activated, addend);
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
