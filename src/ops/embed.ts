import { Tensor } from '../tensor/tensor.ts';
import type { Weight } from '../tensor/weight.ts';

/** Rows `ids` (T) of a table (V, C) → (T, C). The caller has checked that ids are in range. */
export function embed(ids: Tensor, table: Weight): Tensor {
  const output = Tensor.allocate(ids.backend, [...ids.shape, table.columns]);
  ids.backend.embed(output.buffer, table.matrix, ids.buffer);
  return output;
}
