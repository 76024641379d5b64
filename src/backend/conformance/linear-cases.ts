import type { WeightDType } from '../dtype.ts';
import { WEIGHT_DTYPES } from '../dtype.ts';
import type { ConformanceCase } from './conformance-case.ts';
import type { Numbers } from './expect-close.ts';
import { compareWithReference, requirement } from './make-case.ts';
import { randomFloats, randomInts } from './numbers.ts';
import type { Workbench } from './workbench.ts';

interface Sizes {
  readonly tokens: number; // T
  readonly rows: number; // outputs
  readonly columns: number; // inputs
  readonly dtype: WeightDType;
}

/** [tokens, rows, columns]: odd, not multiples of 4, 8, 12, 16 or 24, one of each, none, and just past each of these. */
const SHAPES = [
  [0, 5, 7],
  [1, 1, 1],
  [1, 2, 3],
  [1, 7, 5],
  [1, 8, 4],
  [1, 9, 16],
  [1, 31, 33],
  [1, 33, 100],
  [1, 100, 1],
  [1, 129, 257],
  [2, 1, 64],
  [2, 13, 17],
  [3, 12, 24],
  [3, 25, 15],
  [4, 16, 48],
  [5, 7, 9],
  [7, 40, 31],
  [8, 64, 64],
  [12, 24, 8],
  [13, 23, 95],
  [16, 17, 127],
  [24, 48, 12],
  [25, 49, 65],
  [48, 96, 3],
  [49, 97, 66],
  [67, 5, 130],
  [130, 33, 2],
] as const;

export const linearCases: readonly ConformanceCase[] = WEIGHT_DTYPES.flatMap((dtype) => [
  ...SHAPES.map(([tokens, rows, columns]) => linearCase({ tokens, rows, columns, dtype }, rows % 2 === 1)),
  linearCase({ tokens: 1, rows: 3072, columns: 768, dtype }, true),
  linearCase({ tokens: 3, rows: 768, columns: 3072, dtype }, true),
  linearCase({ tokens: 2, rows: 50257, columns: 9, dtype }, false),
  ...adversarialCases(dtype),
  sameBitsCase({ tokens: 67, rows: 41, columns: 96, dtype }),
  sameBitsCase({ tokens: 26, rows: 57, columns: 769, dtype }),
  zeroWeightsCase(dtype),
  ...embedCases(dtype),
]);

function linearCase(sizes: Sizes, hasBias: boolean): ConformanceCase {
  const { tokens, rows, columns, dtype } = sizes;
  return compareWithReference({
    op: 'linear',
    of: `${tokens} × ${columns} by ${rows} × ${columns}, ${dtype}${hasBias ? ', bias' : ''}`,
    compute: (bench) =>
      linear(bench, sizes, {
        input: randomFloats(20, tokens * columns),
        weights: randomFloats(21, rows * columns),
        bias: hasBias ? randomFloats(22, rows) : undefined,
      }),
  });
}

interface Operands {
  readonly input: Float32Array; // (tokens, columns)
  readonly weights: Float32Array; // (rows, columns)
  readonly bias?: Float32Array | undefined; // (rows)
}

async function linear(bench: Workbench, sizes: Sizes, { input, weights, bias }: Operands): Promise<Numbers> {
  const { tokens, rows, columns, dtype } = sizes;
  const matrix = await bench.matrix(dtype, rows, columns, weights);
  const [from, offsets] = [bench.put(input), bias && bench.put(bias)];
  return bench.result(tokens * rows, (output) => bench.backend.linear(output, from, matrix, offsets));
}

function adversarialCases(dtype: WeightDType): ConformanceCase[] {
  const sizes: Sizes = { tokens: 3, rows: 21, columns: 35, dtype };
  const numInputs = sizes.tokens * sizes.columns;
  const numWeights = sizes.rows * sizes.columns;
  const values: Record<string, () => Operands> = {
    'large inputs': () => ({ input: randomFloats(23, numInputs, 1e15), weights: randomFloats(24, numWeights) }),
    'small inputs': () => ({ input: randomFloats(23, numInputs, 1e-15), weights: randomFloats(24, numWeights) }),
    'weights up to the end of float16': () => ({
      input: randomFloats(23, numInputs),
      weights: randomFloats(24, numWeights, 65000),
    }),
    'weights of the size of float16 subnormals': () => ({
      input: randomFloats(23, numInputs),
      weights: randomFloats(24, numWeights, 5e-5),
    }),
    'some weights of the size of float16 subnormals': () => ({
      input: randomFloats(23, numInputs),
      weights: randomFloats(24, numWeights).map((w, i) => (i % 7 === 0 ? w * 5e-5 : w)),
    }),
    'inputs and weights of zeros': () => ({
      input: new Float32Array(numInputs),
      weights: new Float32Array(numWeights),
      bias: randomFloats(25, sizes.rows),
    }),
  };
  return Object.entries(values).map(([of, operands]) =>
    compareWithReference({ op: 'linear', of: `${of}, ${dtype}`, compute: (bench) => linear(bench, sizes, operands()) }),
  );
}

function sameBitsCase({ tokens, rows, columns, dtype }: Sizes): ConformanceCase {
  const what = `same bits for a row alone and among ${tokens}, ${rows} × ${columns}, ${dtype}`;
  return requirement('linear', what, async (bench, check) => {
    const input = randomFloats(26, tokens * columns);
    const matrix = await bench.matrix(dtype, rows, columns, randomFloats(27, rows * columns));
    const bias = bench.put(randomFloats(28, rows));
    const compute = async (first: number, end: number) => {
      const from = bench.put(input.subarray(first * columns, end * columns));
      return bench.result((end - first) * rows, (output) => bench.backend.linear(output, from, matrix, bias));
    };
    const whole = await compute(0, tokens);
    const wanted = (first: number, end: number) => whole.subarray(first * rows, end * rows);
    for (let t = 0; t < tokens; t++) check.sameBits(await compute(t, t + 1), wanted(t, t + 1), `row ${t} alone`);
    for (const count of [2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 16, 17, 24, 25]) {
      check.sameBits(await compute(1, 1 + count), wanted(1, 1 + count), `rows 1 to ${count}`);
    }
  });
}

function zeroWeightsCase(dtype: WeightDType): ConformanceCase {
  return requirement('allocateMatrix', `a new matrix is all zeros, ${dtype}`, async (bench, check) => {
    const matrix = bench.emptyMatrix(dtype, 9, 21);
    check.sameBits(await bench.backend.readMatrix(matrix), new Float32Array(9 * 21));
    const input = bench.put(randomFloats(29, 2 * 21));
    const output = await bench.result(2 * 9, (buffer) => bench.backend.linear(buffer, input, matrix, undefined));
    check.sameBits(
      output.map((x) => x + 0),
      new Float32Array(2 * 9),
    );
  });
}

function embedCases(dtype: WeightDType): ConformanceCase[] {
  const shapes = [
    [0, 7, 5],
    [1, 1, 1],
    [1, 9, 3],
    [5, 8, 4],
    [3, 33, 31],
    [17, 100, 96],
    [7, 500, 769],
  ] as const;
  return shapes.map(([tokens, rows, columns]) =>
    compareWithReference({
      op: 'embed',
      of: `${tokens} rows of a table of ${rows} × ${columns}, ${dtype}`,
      compute: async (bench) => {
        const table = await bench.matrix(dtype, rows, columns, randomFloats(30, rows * columns));
        const ids = randomInts(31, tokens, rows);
        if (tokens > 2) ids.set([0, rows - 1, 0]); // the first and the last row, and one twice
        const chosen = bench.put(ids);
        return bench.result(tokens * columns, (output) => bench.backend.embed(output, table, chosen));
      },
    }),
  );
}
