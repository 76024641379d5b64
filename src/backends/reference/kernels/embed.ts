import type { WeightRows } from './weight-rows.ts';

/** output (T, table.columns): row t is row ids[t] of the table. */
export function embed(output: Float32Array, table: WeightRows, ids: Int32Array): void {
  for (let token = 0; token < ids.length; token++) output.set(table.row(ids[token]!), token * table.columns);
}
