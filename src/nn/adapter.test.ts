import { afterAll, describe, expect, test } from 'vitest';
import { testBackends } from '../../test/test-backends.ts';
import { backward } from '../autograd/backward.ts';
import type { Backend } from '../backend/backend.ts';
import { transposed } from '../base/transposed.ts';
import { Tensor } from '../tensor/tensor.ts';
import { Weight } from '../tensor/weight.ts';
import { type Adapter, adaptedRowsOf } from './adapter.ts';
import { Linear } from './linear.ts';
import { LowRank } from './low-rank.ts';

/** Whole numbers, so that every sum is exact. */
async function weightOf(backend: Backend, rows: number, columns: number, seed: number): Promise<Weight> {
  const weight = new Weight(backend, backend.allocateMatrix('float32', rows, columns));
  const data = new Uint8Array(numbers(rows * columns, seed).buffer);
  await backend.writeMatrix(weight.matrix, { data, dtype: 'float32', order: 'rows', first: 0, count: rows });
  return weight;
}

function numbers(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => ((i * 7 + seed * 5) % 11) - 5);
}

/** rows (n, K) · matrixᵀ (K, N), as plain lists. */
function product(rows: readonly (readonly number[])[], matrix: Float32Array, numColumns: number): number[][] {
  return rows.map((row) =>
    Array.from({ length: matrix.length / numColumns }, (_, o) =>
      row.reduce((sum, x, i) => sum + x * matrix[o * numColumns + i]!, 0),
    ),
  );
}

const [T, K, N] = [6, 5, 3];
const ENTRIES = { lengths: [2, 1, 2, 1], adapters: [0, undefined, 1, 0] };
const ROWS = ENTRIES.lengths.flatMap((length, i) => new Array<number | undefined>(length).fill(ENTRIES.adapters[i]));

describe.each(Object.keys(testBackends))('adapted rows on %s', (backendName) => {
  const opened = testBackends[backendName]!();
  afterAll(async () => (await opened).dispose());

  async function layerWithAdapters(backend: Backend) {
    const layer = new Linear(await weightOf(backend, N, K, 1));
    const lowRanks: LowRank[] = [];
    for (const [i, rank] of [2, 4].entries()) {
      const [a, b] = [await weightOf(backend, rank, K, 2 + i), await weightOf(backend, N, rank, 4 + i)];
      lowRanks.push(new LowRank({ path: 'layer', a, b, scale: 0.5 * (i + 1) }));
    }
    const adapters = lowRanks.map((lowRank): Adapter => ({ layers: new Map([[layer.weight, lowRank]]) }));
    const entries = ENTRIES.lengths.map((length, i) => ({
      ...{ tokenIds: new Array<number>(length).fill(0), adapter: adapters[ENTRIES.adapters[i]!] },
    }));
    return { layer, lowRanks, entries };
  }

  test('each row goes through its own adapter, or none', async () => {
    const backend = await opened;
    const { layer, lowRanks, entries } = await layerWithAdapters(backend);
    const input = numbers(T * K, 9);
    const output = backend.scope(() => {
      const adapters = adaptedRowsOf(backend, entries);
      expect(adapters).toHaveLength(2);
      return layer.forward(Tensor.from(backend, input, [T, K]), { adapters }).read();
    });
    const rows = Array.from({ length: T }, (_, t) => Array.from(input.subarray(t * K, (t + 1) * K)));
    const wanted = product(rows, await layer.weight.read(), K);
    for (const [i, { parts }] of lowRanks.entries()) {
      const { a, b, scale } = parts;
      const added = product(product(rows, await a.read(), K), await b.read(), a.rows);
      for (const [t, adapter] of ROWS.entries())
        if (adapter === i) wanted[t] = wanted[t]!.map((value, o) => value + scale * added[t]![o]!);
    }
    expect(Array.from(await output)).toEqual(wanted.flat());
  });

  test('a gradient passes back through the rows of each adapter', async () => {
    const backend = await opened;
    const { layer, lowRanks, entries } = await layerWithAdapters(backend);
    const { a, b, scale } = lowRanks[1]!.parts;
    const [aGradient, bGradient] = [Tensor.zeros(backend, a.shape), Tensor.zeros(backend, b.shape)];
    a.trained = { values: Tensor.zeros(backend, a.shape), gradient: aGradient };
    b.trained = { values: Tensor.zeros(backend, b.shape), gradient: bGradient };
    const input = Tensor.from(backend, numbers(T * K, 9), [T, K]);
    input.gradient = Tensor.zeros(backend, [T, K]);
    backend.scope(() => backward(layer.forward(input, { adapters: adaptedRowsOf(backend, entries) })));

    // ∂Σ output/∂output is ones: the column sums of W, and of scale · B·A where the row is adapted.
    const ones = [new Array<number>(N).fill(1)];
    const columnsOf = async (weight: Weight) => product(ones, transposed(await weight.read(), weight.columns), N)[0]!;
    const own = await columnsOf(layer.weight);
    const through: number[][] = [];
    for (const { parts } of lowRanks) {
      const [ofB] = [await columnsOf(parts.b)];
      const [ofA] = product([ofB], transposed(await parts.a.read(), K), parts.a.rows);
      through.push(ofA!.map((value) => parts.scale * value));
    }
    const wanted = ROWS.flatMap((adapter) =>
      own.map((value, i) => value + (adapter === undefined ? 0 : through[adapter]![i]!)),
    );
    expect(Array.from(await input.gradient.read())).toEqual(wanted);

    // Rows 3 and 4 are the second adapter's; + 0, since −0 is not 0 to a test.
    const rows = [3, 4].map((t) => Array.from(numbers(T * K, 9).subarray(t * K, (t + 1) * K)));
    const sums = Array.from({ length: K }, (_, i) => rows[0]![i]! + rows[1]![i]!);
    const ofB = await columnsOf(b);
    expect(Array.from(await aGradient.read())).toEqual(
      ofB.flatMap((value) => sums.map((sum) => scale * value * sum + 0)),
    );
    const reduced = product([sums], await a.read(), K)[0]!;
    expect(Array.from(await bGradient.read())).toEqual(
      ones[0]!.flatMap(() => reduced.map((value) => scale * value + 0)),
    );
  });

  test('one adapter for all rows needs no rows, and none needs nothing', async () => {
    const backend = await opened;
    const adapter: Adapter = { layers: new Map() };
    const all = [
      { tokenIds: [1, 2], adapter },
      { tokenIds: [3], adapter },
    ];
    expect(backend.scope(() => adaptedRowsOf(backend, all))).toEqual([{ adapter, rows: undefined }]);
    expect(adaptedRowsOf(backend, [{ tokenIds: [1] }, { tokenIds: [2], adapter: undefined }])).toBeUndefined();
  });
});
