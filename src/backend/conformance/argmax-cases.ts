import type { DeviceBuffer } from '../backend.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { compareWithReference, requirement } from './make-case.ts';
import { randomFloats } from './numbers.ts';
import type { Workbench } from './workbench.ts';

/** [rows, columns] */
const SHAPES = [
  [0, 7],
  [1, 1],
  [3, 1],
  [1, 2],
  [2, 3],
  [5, 5],
  [4, 8],
  [3, 15],
  [7, 17],
  [33, 31],
  [2, 1000],
  [3, 50257],
] as const;

const { NEGATIVE_INFINITY, POSITIVE_INFINITY, NaN: NOT_A_NUMBER } = Number;

export const argmaxCases: readonly ConformanceCase[] = [
  ...SHAPES.flatMap(([rows, columns]) => sizeCases(rows, columns)),
  sameBitsCase(),
  ...[3, 203].flatMap((columns) => placeCases(columns)),
];

function sizeCases(rows: number, columns: number): readonly ConformanceCase[] {
  const logits = randomFloats(71, rows * columns, 10);
  return (['indices', 'values'] as const).map((part) =>
    compareWithReference({
      op: 'argmax',
      of: `${part} of ${rows} rows of ${columns}`,
      compute: async (bench) => (await compute(bench, logits, columns))[part],
    }),
  );
}

function sameBitsCase(): ConformanceCase {
  return requirement('argmax', 'the same for a row alone and among many', async (bench, check) => {
    const [rows, columns] = [19, 37];
    const logits = randomFloats(72, rows * columns, 8);
    const whole = await compute(bench, logits, columns);
    for (let row = 0; row < rows; row++) {
      const alone = await compute(bench, logits.subarray(row * columns, (row + 1) * columns), columns);
      check.sameBits(alone.indices, whole.indices.subarray(row, row + 1), `row ${row}`);
      check.sameBits(alone.values, whole.values.subarray(row, row + 1), `row ${row}`);
    }
  });
}

/** Rows of `columns`, at least 3, in which a value stands at some places among others. */
function placeCases(columns: number): readonly ConformanceCase[] {
  const last = columns - 1;
  const middle = last >> 1;
  const rows: readonly (readonly [what: string, places: readonly number[], value: number, others: number])[] = [
    ['all equal', [0], 1, 1],
    ['all −∞', [0], NEGATIVE_INFINITY, NEGATIVE_INFINITY],
    ['equals in the middle', [middle, middle + 1], 2, 1],
    ['equals far apart', [0, middle, last], 2, 1],
    ['equals at the end', [last - 1, last], 2, 1],
    ['negative numbers', [middle], -1, -2],
    ['the last', [last], 1e-30, 0],
    ['the least number above −∞', [last - 1], Math.fround(-3.4e38), NEGATIVE_INFINITY],
    ['+∞', [middle, last], POSITIVE_INFINITY, 3e38],
    ['NaN first', [0, last], NOT_A_NUMBER, 1],
    ['NaN in the middle', [middle], NOT_A_NUMBER, POSITIVE_INFINITY],
    ['NaN at the end', [last], NOT_A_NUMBER, POSITIVE_INFINITY],
  ];
  return rows.map(([what, places, value, others]) =>
    requirement('argmax', `the first of the largest of ${columns}: ${what}`, async (bench, check) => {
      const row = new Float32Array(columns).fill(others);
      for (const place of places) row[place] = value;
      const { indices, values } = await compute(bench, row, columns);
      check.sameBits(indices, Int32Array.of(places[0]!));
      check.sameBits(values, Float32Array.of(value));
    }),
  );
}

async function compute(bench: Workbench, logits: Float32Array, columns: number) {
  const { backend } = bench;
  const rows = logits.length / columns;
  const [indices, values] = [bench.output(rows, 'int32'), bench.output(rows)];
  backend.argmax(indices, values, bench.put(logits), columns);
  const read = <Kind>(buffer: DeviceBuffer) => backend.read(buffer) as Promise<Kind>;
  return { indices: await read<Int32Array>(indices), values: await read<Float32Array>(values) };
}
