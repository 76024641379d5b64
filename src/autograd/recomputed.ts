import { Tensor } from '../tensor/tensor.ts';
import { backward } from './backward.ts';

/**
 * `compute(input)`, of which nothing is kept for the gradient but the input: it is computed again when the gradient passes
 * (Chen et al. 2016). Memory for one more forward pass. `compute` must give the same numbers both times. Call inside a scope.
 *
 * @example
 * const hidden = recomputed(input, (x) => block.forward(x, batch, layer, angles));
 */
export function recomputed(input: Tensor, compute: (input: Tensor) => Tensor): Tensor {
  const { backend } = input;
  const first = backend.scope((keep) => {
    const result = compute(input);
    keep(result.buffer);
    return result;
  });
  const output = new Tensor(backend, first.buffer, first.shape);
  if (first.origin === undefined) return output;
  return output.withOrigin({
    inputs: [input],
    saved: [input],
    backward(gradient) {
      const again = new Tensor(backend, input.buffer, input.shape);
      if (input.needsGradient) again.gradient = Tensor.zeros(backend, input.shape);
      backward(compute(again), gradient);
      return [again.gradient];
    },
  });
}
