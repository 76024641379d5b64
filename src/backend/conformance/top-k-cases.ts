import type { DeviceBuffer } from '../backend.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { compareWithReference, requirement } from './make-case.ts';
import { randomFloats, randomInts } from './numbers.ts';
import type { Workbench } from './workbench.ts';

/** [rows, columns, count] */
const SHAPES = [
  [0, 7, 2],
  [1, 1, 1],
  [3, 1, 1],
  [1, 2, 2],
  [2, 3, 1],
  [5, 5, 5],
  [4, 8, 3],
  [3, 15, 15],
  [3, 16, 4],
  [2, 17, 16],
  [7, 33, 2],
  [33, 31, 8],
  [2, 1000, 1000],
  [2, 1003, 100],
  [3, 50257, 1],
  [3, 50257, 10],
] as const;

const { NEGATIVE_INFINITY: NONE, POSITIVE_INFINITY, NaN: NOT_A_NUMBER } = Number;

export const topKCases: readonly ConformanceCase[] = [
  ...SHAPES.flatMap(([rows, columns, count]) => [
    ...comparisons(`${count} of ${rows} rows of ${columns}`, randomFloats(76, rows * columns, 10), { columns, count }),
    ...comparisons(`${count} of ${rows} rows of ${columns} among few values`, fewValues(rows * columns), {
      columns,
      count,
    }),
  ]),
  ...awkwardCases(),
  sameBitsCase(),
  prefixCase(),
  ...[5, 67].flatMap((columns) => placeCases(columns)),
];

interface Shape {
  readonly columns: number;
  readonly count: number;
}

function comparisons(of: string, input: Float32Array, shape: Shape): readonly ConformanceCase[] {
  return (['indices', 'values'] as const).map((part) =>
    compareWithReference({
      op: 'topK',
      of: `${part} of ${of}`,
      compute: async (bench) => (await compute(bench, input, shape))[part],
    }),
  );
}

/** Nearly all are equal to others; some are infinite or NaN. */
function fewValues(length: number): Float32Array {
  const values = [0, -0, 1, 2, -3, NONE, NONE, POSITIVE_INFINITY, NOT_A_NUMBER];
  return Float32Array.from(randomInts(77, length, values.length), (which) => values[which]!);
}

/** What a pass over a row finds at its worst: every element, or none, goes before those so far. */
function awkwardCases(): readonly ConformanceCase[] {
  const [columns, count] = [100, 7];
  const rows: Readonly<Record<string, (i: number) => number>> = {
    rising: (i) => i,
    falling: (i) => -i,
    'of NaN alone': () => NOT_A_NUMBER,
    'of NaN from the middle on': (i) => (i < 50 ? i : NOT_A_NUMBER),
    'of −∞ but for some': (i) => (i % 40 === 3 ? i : NONE),
    'of two values in turn': (i) => i % 2,
  };
  return Object.entries(rows).flatMap(([what, elementOf]) =>
    comparisons(
      `${count} of a row ${what}`,
      Float32Array.from({ length: columns }, (_, i) => elementOf(i)),
      {
        columns,
        count,
      },
    ),
  );
}

function sameBitsCase(): ConformanceCase {
  return requirement('topK', 'the same for a row alone and among many', async (bench, check) => {
    const [rows, columns, count] = [19, 137, 5];
    const input = randomFloats(78, rows * columns, 8);
    const whole = await compute(bench, input, { columns, count });
    for (let row = 0; row < rows; row++) {
      const own = input.subarray(row * columns, (row + 1) * columns);
      const alone = await compute(bench, own, { columns, count });
      check.sameBits(alone.indices, whole.indices.subarray(row * count, (row + 1) * count), `row ${row}`);
      check.sameBits(alone.values, whole.values.subarray(row * count, (row + 1) * count), `row ${row}`);
    }
  });
}

/** So that rows may ask for the most that one of them wants. */
function prefixCase(): ConformanceCase {
  return requirement('topK', 'fewer are the first of more', async (bench, check) => {
    const input = fewValues(203);
    const all = await compute(bench, input, { columns: input.length, count: input.length });
    for (const count of [1, 2, 16, 100]) {
      const { indices, values } = await compute(bench, input, { columns: input.length, count });
      check.sameBits(indices, all.indices.subarray(0, count), `${count}`);
      check.sameBits(values, all.values.subarray(0, count), `${count}`);
    }
  });
}

/** Rows of `columns`, at least 5, in which a value stands at some places among others. */
function placeCases(columns: number): readonly ConformanceCase[] {
  const last = columns - 1;
  const rows: readonly (readonly [what: string, places: readonly number[], value: number, others: number])[] = [
    ['equals', [0, 1, 2], 1, 1],
    ['−∞ alone', [0, 1, 2], NONE, NONE],
    ['at both ends', [0, last - 1, last], 2, 1],
    ['at the end', [last - 2, last - 1, last], 1e-30, 0],
    ['+∞ beside large numbers', [1, 3, last], POSITIVE_INFINITY, 3e38],
    ['NaN beside +∞', [0, 2, last], NOT_A_NUMBER, POSITIVE_INFINITY],
  ];
  return rows.map(([what, places, value, others]) =>
    requirement('topK', `three of ${columns}: ${what}`, async (bench, check) => {
      const row = new Float32Array(columns).fill(others);
      for (const place of places) row[place] = value;
      const { indices, values } = await compute(bench, row, { columns, count: 3 });
      check.sameBits(indices, Int32Array.from(places));
      check.sameBits(values, new Float32Array(3).fill(value));
    }),
  );
}

async function compute(bench: Workbench, input: Float32Array, shape: Shape) {
  const { backend } = bench;
  const length = (input.length / shape.columns) * shape.count;
  const [indices, values] = [bench.output(length, 'int32'), bench.output(length)];
  backend.topK(indices, values, bench.put(input), shape);
  const read = <Kind>(buffer: DeviceBuffer) => backend.read(buffer) as Promise<Kind>;
  return { indices: await read<Int32Array>(indices), values: await read<Float32Array>(values) };
}
