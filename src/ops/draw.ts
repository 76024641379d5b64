import { Tensor } from '../tensor/tensor.ts';

/**
 * Draws from each row of weights (T, V), which need not add up to 1, at `uniforms` (T): the first index at which the sum so
 * far is above that share of the whole → int32 (T), and the weight there (T). Weights below `minP` times the row's largest count
 * as 0.
 */
export function draw(
  weights: Tensor,
  uniforms: Tensor,
  { minP = 0 } = {},
): { readonly indices: Tensor; readonly values: Tensor } {
  const { backend, numRows, numColumns } = weights;
  uniforms.expectShape([numRows], 'what rows are drawn at');
  const indices = Tensor.allocate(backend, [numRows], 'int32');
  const values = Tensor.allocate(backend, [numRows]);
  backend.draw(indices.buffer, values.buffer, weights.buffer, uniforms.buffer, { columns: numColumns, minP });
  return { indices, values };
}
