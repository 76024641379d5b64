import { Tensor } from '../tensor/tensor.ts';
import type { Weight } from '../tensor/weight.ts';

/** Rows `ids` (T) of a table (V, C) → (T, C). The caller has checked that ids are in range. */
export function embed(ids: Tensor, table: Weight): Tensor {
  const { backend } = ids;
  const output = Tensor.allocate(backend, [...ids.shape, table.columns]);
  backend.embed(output.buffer, table.matrix, ids.buffer);
  const { trained } = table;
  if (trained === undefined) return output;
  return output.withOrigin({
    inputs: [],
    saved: [ids],
    backward(gradient) {
      backend.scatterAddRows(trained.gradient.buffer, gradient.buffer, ids.buffer, table.columns);
      return [];
    },
  });
}
