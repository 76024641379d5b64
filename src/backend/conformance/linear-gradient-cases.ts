import { WEIGHT_DTYPES, type WeightDType } from '../dtype.ts';
import type { ConformanceCase } from './conformance-case.ts';
import type { Numbers } from './expect-close.ts';
import { compareWithReference, requirement } from './make-case.ts';
import { randomFloats, randomInts } from './numbers.ts';
import type { Workbench } from './workbench.ts';

interface Sizes {
  readonly tokens: number; // T
  readonly rows: number; // N, outputs
  readonly columns: number; // K, inputs
}

/** [tokens, rows, columns]: odd, not multiples of 3, 4, 8, 12 or 24, one of each, none, and just past each of these. */
const SHAPES = [
  [0, 5, 7],
  [1, 1, 1],
  [1, 33, 100],
  [1, 129, 257],
  [2, 13, 1],
  [3, 1, 64],
  [3, 12, 24],
  [4, 25, 15],
  [5, 7, 9],
  [7, 40, 31],
  [13, 23, 95],
  [16, 17, 127],
  [25, 49, 65],
  [67, 5, 130],
  [130, 96, 12],
  [255, 11, 13],
  [300, 61, 50],
  [769, 3, 5],
] as const;

export const linearGradientCases: readonly ConformanceCase[] = [
  ...WEIGHT_DTYPES.flatMap((dtype) => [
    ...SHAPES.map((shape) => inputGradientCase(sizesOf(shape), dtype)),
    inputGradientCase({ tokens: 3, rows: 2051, columns: 17 }, dtype), // longer than one chain of some backends
    inputGradientCase({ tokens: 2, rows: 4999, columns: 5 }, dtype),
    sameBitsCase({ tokens: 41, rows: 67, columns: 50 }, dtype),
    ...packCases(dtype),
  ]),
  ...SHAPES.map((shape) => weightGradientCase(sizesOf(shape))),
  weightGradientCase({ tokens: 70, rows: 130, columns: 200 }),
  accumulationCase(),
];

function sizesOf([tokens, rows, columns]: readonly [number, number, number]): Sizes {
  return { tokens, rows, columns };
}

function inputGradientCase(sizes: Sizes, dtype: WeightDType): ConformanceCase {
  const { tokens, rows, columns } = sizes;
  return compareWithReference({
    op: 'linearInputGradient',
    of: `${tokens} × ${rows} by ${rows} × ${columns}, ${dtype}`,
    compute: (bench) => inputGradient(bench, sizes, dtype, randomFloats(200, tokens * rows)),
  });
}

async function inputGradient(
  bench: Workbench,
  { tokens, rows, columns }: Sizes,
  dtype: WeightDType,
  outputGrad: Float32Array,
): Promise<Numbers> {
  const matrix = await bench.matrix(dtype, rows, columns, randomFloats(201, rows * columns));
  const grad = bench.put(outputGrad);
  return bench.result(tokens * columns, (inputGrad) => bench.backend.linearInputGradient(inputGrad, grad, matrix));
}

/** The gradient of a row does not depend on the rows around it. */
function sameBitsCase(sizes: Sizes, dtype: WeightDType): ConformanceCase {
  const { tokens, rows, columns } = sizes;
  const what = `same bits for a row alone and among ${tokens}, ${rows} × ${columns}, ${dtype}`;
  return requirement('linearInputGradient', what, async (bench, check) => {
    const outputGrad = randomFloats(202, tokens * rows);
    const whole = await inputGradient(bench, sizes, dtype, outputGrad);
    for (const count of [1, 2, 3, 4, 8, 24, 25]) {
      const part = outputGrad.subarray(rows, (1 + count) * rows);
      const got = await inputGradient(bench, { ...sizes, tokens: count }, dtype, part);
      check.sameBits(got, whole.subarray(columns, (1 + count) * columns), `rows 1 to ${count}`);
    }
  });
}

function weightGradientCase(sizes: Sizes): ConformanceCase {
  return compareWithReference({
    op: 'linearWeightGradient',
    of: `${sizes.tokens} tokens, ${sizes.rows} × ${sizes.columns}`,
    compute: (bench) => weightGradient(bench, sizes, randomFloats(203, sizes.rows * sizes.columns)),
  });
}

/** What a gradient of `before` becomes. */
function weightGradient(bench: Workbench, sizes: Sizes, before: Float32Array): Promise<Numbers> {
  const { tokens, rows, columns } = sizes;
  const outputGrad = bench.put(randomFloats(204, tokens * rows));
  const input = bench.put(randomFloats(205, tokens * columns));
  return bench.inPlace(before, (weightGrad) =>
    bench.backend.linearWeightGradient(weightGrad, outputGrad, input, { rows, columns }),
  );
}

/** Sums of small integers are exact, whatever their order. */
function accumulationCase(): ConformanceCase {
  return requirement('linearWeightGradient', 'adds to what is there, time after time', async (bench, check) => {
    const [tokens, rows, columns] = [261, 7, 29];
    const [grads, inputs] = [randomInts(206, tokens * rows, 9), randomInts(207, tokens * columns, 9)];
    const [outputGrad, input] = [bench.put(Float32Array.from(grads)), bench.put(Float32Array.from(inputs))];
    const got = await bench.inPlace(new Float32Array(rows * columns).fill(5), (weightGrad) => {
      for (let i = 0; i < 2; i++) bench.backend.linearWeightGradient(weightGrad, outputGrad, input, { rows, columns });
    });
    const wanted = Float32Array.from({ length: rows * columns }, (_, i) => {
      let sum = 0;
      for (let t = 0; t < tokens; t++)
        sum += grads[t * rows + Math.floor(i / columns)]! * inputs[t * columns + (i % columns)]!;
      return 5 + 2 * sum;
    });
    check.sameBits(got, wanted);
  });
}

function packCases(dtype: WeightDType): ConformanceCase[] {
  const shapes = [
    [1, 1],
    [3, 5],
    [8, 4],
    [13, 31],
    [25, 66],
    [100, 257],
  ] as const;
  return shapes.map(([rows, columns]) =>
    requirement('packMatrix', `${rows} × ${columns}, ${dtype}`, async (bench, check) => {
      const values = randomFloats(209, rows * columns, 3);
      const wanted = await bench.backend.readMatrix(await bench.matrix(dtype, rows, columns, values));
      const matrix = await bench.matrix(dtype, rows, columns, randomFloats(208, rows * columns));
      const buffer = bench.put(values);
      bench.backend.packMatrix(matrix, buffer);
      bench.backend.fill(buffer, 7); // in order with the other operations
      check.sameBits(await bench.backend.readMatrix(matrix), wanted);
    }),
  );
}
