import type { Backend } from '../backend/backend.ts';
import { add } from '../ops/elementwise.ts';
import { addToRows, gatherRows } from '../ops/rows.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { Weight } from '../tensor/weight.ts';
import type { Dropout } from './dropout.ts';
import type { LowRank } from './low-rank.ts';

/** Changes to some linear layers of a model, which stays as it is: by the layer's weight. */
export interface Adapter {
  readonly layers: ReadonlyMap<Weight, LowRank>;
}

/** Rows of a step that go through an adapter. */
export interface AdaptedRows {
  readonly adapter: Adapter;
  /** int32 (n), ascending; undefined means all. */
  readonly rows: Tensor | undefined;
  /** Of the input of each low-rank product; in training only. */
  readonly dropout?: Dropout | undefined;
}

/**
 * The output (T, outputs) of a linear layer with what adapters add to their rows of it, of the layer's input (T, inputs). The
 * matrix itself is read once for all; the few rows of each adapter are gathered, multiplied and added where they came from.
 */
export function adapted(
  output: Tensor,
  input: Tensor,
  weight: Weight,
  adapters: readonly AdaptedRows[] | undefined,
): Tensor {
  let sum = output;
  for (const { adapter, rows, dropout } of adapters ?? []) {
    const lowRank = adapter.layers.get(weight);
    if (lowRank === undefined) continue;
    if (rows === undefined) sum = add(sum, lowRank.forward(input, dropout));
    else sum = addToRows(sum, lowRank.forward(gatherRows(input, rows), dropout), rows);
  }
  return sum;
}

/** Which rows of a ragged batch go through which adapter; undefined if none does. Call inside a scope. */
export function adaptedRowsOf(
  backend: Backend,
  entries: readonly { readonly tokenIds: readonly number[]; readonly adapter?: Adapter | undefined }[],
): readonly AdaptedRows[] | undefined {
  const rowsByAdapter = new Map<Adapter, number[]>();
  let row = 0;
  for (const { tokenIds, adapter } of entries) {
    if (adapter !== undefined && !rowsByAdapter.has(adapter)) rowsByAdapter.set(adapter, []);
    const rows = adapter && rowsByAdapter.get(adapter);
    for (let i = 0; i < tokenIds.length; i++) rows?.push(row + i);
    row += tokenIds.length;
  }
  if (rowsByAdapter.size === 0) return undefined;
  return Array.from(rowsByAdapter, ([adapter, rows]) => ({
    adapter,
    rows: rows.length === row ? undefined : Tensor.from(backend, Int32Array.from(rows)),
  }));
}
