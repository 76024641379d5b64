import { Tensor } from '../tensor/tensor.ts';
import { backward } from './backward.ts';

/**
 * `compute(...inputs)`, of which nothing is kept for the gradient but the inputs: it is computed again when the gradient
 * passes (Chen et al. 2016). Memory for one more forward pass. `compute` must give the same numbers both times, and depend on
 * what was computed before through its inputs alone. Call inside a scope.
 *
 * @example
 * const hidden = recomputed([input], (x) => block.forward(x, batch, layer, angles));
 */
export function recomputed<Inputs extends readonly Tensor[]>(
  inputs: readonly [...Inputs],
  compute: (...inputs: Inputs) => Tensor,
): Tensor {
  const { backend } = inputs[0]!;
  const first = backend.scope((keep) => {
    const result = compute(...inputs);
    keep(result.buffer);
    return result;
  });
  const output = new Tensor(backend, first.buffer, first.shape);
  if (first.origin === undefined) return output;
  return output.withOrigin({
    inputs,
    saved: inputs,
    backward(gradient) {
      const again = inputs.map(leafOf) as unknown as Inputs;
      backward(compute(...again), gradient);
      return again.map((input) => input.gradient);
    },
  });
}

/** The same numbers without the way they were computed, with a gradient of their own if one must reach them. */
function leafOf({ backend, buffer, shape, needsGradient }: Tensor): Tensor {
  const leaf = new Tensor(backend, buffer, shape);
  if (needsGradient) leaf.gradient = Tensor.zeros(backend, shape);
  return leaf;
}
