import type { RotaryShape } from '../backend/backend.ts';
import { Tensor } from '../tensor/tensor.ts';
import { scale } from './elementwise.ts';

/**
 * Rotary position embedding (Su et al. 2021) of input (T, heads · headSize) by cosines and sines (T, rotarySize / 2),
 * of the input's shape. Throws a `RangeError` for shapes that do not fit.
 */
export function rotate(input: Tensor, cosines: Tensor, sines: Tensor, shape: RotaryShape): Tensor {
  const numTokens = input.shape[0]!;
  input.expectShape([numTokens, shape.heads * shape.headSize], 'the input of a rotary embedding');
  cosines.expectShape([numTokens, shape.rotarySize / 2], 'the cosines of a rotary embedding');
  sines.expectShape([numTokens, shape.rotarySize / 2], 'the sines of a rotary embedding');
  const output = Tensor.allocate(input.backend, input.shape);
  input.backend.rotate(output.buffer, input.buffer, cosines.buffer, sines.buffer, shape);
  if (!input.needsGradient) return output;
  return output.withOrigin({
    inputs: [input],
    saved: [cosines, sines],
    // A rotation's transpose turns the other way.
    backward: (gradient) => [rotate(gradient, cosines, scale(sines, -1), shape)],
  });
}
