import { describeScheme, type QuantizationScheme } from '../../quantized/quantization-scheme.ts';
import { dequantize, type QuantizedMatrix } from '../../quantized/quantized-matrix.ts';
import { quantizeToNearest } from '../../quantized/round-to-nearest.ts';
import type { DeviceMatrix, QuantizedPart } from '../backend.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { compareWithReference, requirement } from './make-case.ts';
import { randomFloats, randomInts } from './numbers.ts';
import type { Workbench } from './workbench.ts';

/** Every layout that a backend may have, and groups of one block, of several and of a row. */
const SCHEMES: readonly QuantizationScheme[] = [
  { bits: 8, groupSize: 32, isSymmetric: true, scaleDType: 'bfloat16' },
  { bits: 8, groupSize: 'row', isSymmetric: true, scaleDType: 'float16' },
  { bits: 4, groupSize: 32, isSymmetric: true, scaleDType: 'bfloat16' },
  { bits: 4, groupSize: 128, isSymmetric: true, scaleDType: 'float16' },
  { bits: 4, groupSize: 32, isSymmetric: false, scaleDType: 'float32' },
  { bits: 4, groupSize: 64, isSymmetric: false, scaleDType: 'bfloat16' },
];

/** [tokens, rows, columns] */
const SHAPES = [
  [0, 5, 7],
  [1, 1, 1],
  [1, 7, 31],
  [1, 8, 32],
  [1, 33, 65],
  [1, 129, 257],
  [2, 9, 33],
  [3, 40, 96],
  [4, 13, 130],
  [5, 31, 64],
  [6, 17, 200],
  [7, 8, 5],
  [8, 25, 160],
  [13, 23, 95],
  [16, 64, 128],
  [67, 41, 100],
] as const;

export const quantizedCases: readonly ConformanceCase[] = SCHEMES.flatMap((scheme) => {
  const name = describeScheme(scheme);
  return [
    ...SHAPES.map(([tokens, rows, columns]) => linearCase(scheme, { tokens, rows, columns })),
    linearCase(scheme, { tokens: 1, rows: 768, columns: 3072 }),
    linearCase(scheme, { tokens: 90, rows: 20, columns: 3100 }),
    ...valueCases(scheme),
    sameBitsCase(scheme),
    roundTripCase(scheme),
    embedCase(scheme),
    gradientCase(scheme),
    requirement('allocateMatrix', `a new matrix is all zeros, ${name}`, async (bench, check) => {
      const matrix = bench.emptyMatrix(scheme, 9, 40);
      const isHandle = matrix.format === scheme && matrix.dtype === `int${scheme.bits}`;
      check.isTrue(isHandle && matrix.rows === 9 && matrix.columns === 40, 'wrong handle');
      const values = await bench.backend.readMatrix(matrix);
      check.sameBits(
        values.map((value) => value + 0),
        new Float32Array(9 * 40),
      );
    }),
    badPartsCase(scheme),
  ];
});

interface Sizes {
  readonly tokens: number;
  readonly rows: number;
  readonly columns: number;
}

function linearCase(scheme: QuantizationScheme, { tokens, rows, columns }: Sizes): ConformanceCase {
  const hasBias = rows % 2 === 1;
  return compareWithReference({
    op: 'linear',
    of: `${tokens} × ${columns} by ${rows} × ${columns}, ${describeScheme(scheme)}${hasBias ? ', bias' : ''}`,
    tolerance: 0,
    compute: async (bench) => {
      const matrix = await putQuantized(
        bench,
        quantizeToNearest(randomFloats(201, rows * columns), scheme, rows, columns),
      );
      const [from, bias] = [
        bench.put(randomFloats(202, tokens * columns)),
        hasBias && bench.put(randomFloats(203, rows)),
      ];
      return bench.result(tokens * rows, (to) => bench.backend.linear(to, from, matrix, bias || undefined));
    },
  });
}

/** The largest codes of both sides, so that sums are as large as they get; zeros; very small and very large numbers. */
function valueCases(scheme: QuantizationScheme): readonly ConformanceCase[] {
  const [tokens, rows, columns] = [6, 9, 70];
  const largest = scheme.bits === 8 ? -128 : scheme.isSymmetric ? -8 : 15;
  const weights = quantizeToNearest(randomFloats(204, rows * columns), scheme, rows, columns);
  const extreme = { ...weights, codes: new Int8Array(rows * columns).fill(largest) };
  const inputs: Readonly<Record<string, readonly [QuantizedMatrix, () => Float32Array]>> = {
    'the largest codes': [extreme, () => new Float32Array(tokens * columns).fill(-3)],
    'the largest codes of both signs': [extreme, () => randomFloats(205, tokens * columns).map(Math.sign)],
    'inputs of zeros': [weights, () => new Float32Array(tokens * columns)],
    'small inputs': [weights, () => randomFloats(206, tokens * columns, 1e-20)],
    'large inputs': [weights, () => randomFloats(206, tokens * columns, 1e30)],
    'inputs around the least': [weights, () => randomFloats(207, tokens * columns, 1.2 * 2 ** -100)],
    'one input of a block': [weights, () => randomFloats(208, tokens * columns).map((x, i) => (i % 32 === 5 ? x : 0))],
    'halves, which are rounded to even': [weights, () => halves(tokens * columns, scheme.bits === 8 ? 63 : 127)],
  };
  return Object.entries(inputs).map(([of, [matrix, input]]) =>
    compareWithReference({
      op: 'linear',
      of: `${of}, ${describeScheme(scheme)}`,
      tolerance: 0,
      compute: async (bench) => {
        const [weight, from] = [await putQuantized(bench, matrix), bench.put(input())];
        return bench.result(tokens * rows, (to) => bench.backend.linear(to, from, weight, undefined));
      },
    }),
  );
}

/** Blocks whose largest number is the limit: what lies between two codes is a half. */
function halves(length: number, limit: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => (i % 16 === 0 ? limit : (i % 41) + 0.5));
}

function sameBitsCase(scheme: QuantizationScheme): ConformanceCase {
  const [tokens, rows, columns] = [67, 41, 100];
  const what = `same bits for a row alone and among ${tokens}, ${describeScheme(scheme)}`;
  return requirement('linear', what, async (bench, check) => {
    const input = randomFloats(209, tokens * columns);
    const matrix = await putQuantized(
      bench,
      quantizeToNearest(randomFloats(210, rows * columns), scheme, rows, columns),
    );
    const compute = async (first: number, end: number) => {
      const from = bench.put(input.subarray(first * columns, end * columns));
      return bench.result((end - first) * rows, (to) => bench.backend.linear(to, from, matrix, undefined));
    };
    const whole = await compute(0, tokens);
    const wanted = (first: number, end: number) => whole.subarray(first * rows, end * rows);
    for (let t = 0; t < tokens; t++) check.sameBits(await compute(t, t + 1), wanted(t, t + 1), `row ${t} alone`);
    for (const count of [2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17])
      check.sameBits(await compute(1, 1 + count), wanted(1, 1 + count), `rows 1 to ${count}`);
  });
}

function roundTripCase(scheme: QuantizationScheme): ConformanceCase {
  return requirement('writeQuantized', `rows in any order, ${describeScheme(scheme)}`, async (bench, check) => {
    for (const [rows, columns] of [
      [1, 1],
      [7, 31],
      [29, 132],
      [300, 33],
    ] as const) {
      const values = quantizeToNearest(randomFloats(211, rows * columns), scheme, rows, columns);
      const matrix = bench.emptyMatrix(scheme, rows, columns);
      const cut = Math.floor(rows / 3);
      for (const [first, count] of [
        [cut, rows - cut],
        [0, cut],
        [rows, 0],
      ] as const)
        await bench.backend.writeQuantized(matrix, partOf(values, first, count));
      check.sameBits(await bench.backend.readMatrix(matrix), dequantize(values), `${rows} × ${columns}`);
      const input = bench.put(randomFloats(217, 2 * columns));
      const product = (weight: DeviceMatrix) =>
        bench.result(2 * rows, (to) => bench.backend.linear(to, input, weight, undefined));
      const whole = await product(await putQuantized(bench, values));
      check.sameBits(await product(matrix), whole, `two rows by ${rows} × ${columns}`);
    }
  });
}

function embedCase(scheme: QuantizationScheme): ConformanceCase {
  return compareWithReference({
    op: 'embed',
    of: `rows of a table, ${describeScheme(scheme)}`,
    compute: async (bench) => {
      const [tokens, rows, columns] = [17, 100, 95];
      const table = await putQuantized(
        bench,
        quantizeToNearest(randomFloats(212, rows * columns), scheme, rows, columns),
      );
      const ids = bench.put(randomInts(213, tokens, rows));
      const alone = bench.put(Int32Array.of(rows - 1));
      const last = await bench.result(columns, (to) => bench.backend.embed(to, table, alone));
      const all = await bench.result(tokens * columns, (to) => bench.backend.embed(to, table, ids));
      return Float32Array.of(...last, ...all);
    },
  });
}

/** What is trained beside a frozen quantised weight needs the gradient of its input. */
function gradientCase(scheme: QuantizationScheme): ConformanceCase {
  return compareWithReference({
    op: 'linearInputGradient',
    of: `by quantised weights, ${describeScheme(scheme)}`,
    compute: async (bench) => {
      const [tokens, rows, columns] = [5, 61, 43];
      const weight = await putQuantized(
        bench,
        quantizeToNearest(randomFloats(214, rows * columns), scheme, rows, columns),
      );
      const grad = bench.put(randomFloats(215, tokens * rows));
      return bench.result(tokens * columns, (to) => bench.backend.linearInputGradient(to, grad, weight));
    },
  });
}

function badPartsCase(scheme: QuantizationScheme): ConformanceCase {
  return requirement('writeQuantized', `rejects what does not fit, ${describeScheme(scheme)}`, async (bench, check) => {
    const { backend } = bench;
    const values = quantizeToNearest(randomFloats(216, 9 * 40), scheme, 9, 40);
    const matrix = await putQuantized(bench, values);
    const before = await backend.readMatrix(matrix);
    const part = partOf(values, 0, 9);
    const write = (changes: Partial<QuantizedPart>) => () => backend.writeQuantized(matrix, { ...part, ...changes });
    await check.throws(write({ first: 1 }), 'rows 1 to 10 of 9');
    await check.throws(write({ first: -1, count: 1 }), 'row −1');
    await check.throws(write({ count: 8 }), 'codes of 9 rows for 8');
    await check.throws(write({ scales: new Float32Array(1) }), 'one scale');
    await check.throws(write({ minima: new Float32Array(3) }), 'minima of another number');
    if (scheme.bits === 4) await check.throws(write({ codes: new Int8Array(9 * 40).fill(16) }), 'codes of 5 bits');
    if (scheme.scaleDType !== 'float32')
      await check.throws(write({ scales: part.scales.map(() => 1 / 3) }), 'scales of float32');
    const data = new Uint8Array(9 * 40 * 4);
    const floats = { data, dtype: 'float32', order: 'rows', first: 0, count: 9 } as const;
    await check.throws(() => backend.writeMatrix(matrix, floats), 'floats in a quantised matrix');
    await check.throws(() => backend.packMatrix(matrix, bench.put(new Float32Array(9 * 40))), 'packMatrix');
    const wide = bench.emptyMatrix('float32', 9, 40);
    await check.throws(() => backend.writeQuantized(wide, part), 'codes in a matrix of floats');
    const misfit = { ...scheme, groupSize: 40 };
    await check.throws(() => backend.allocateMatrix(misfit, 9, 40), 'groups of 40');
    check.sameBits(await backend.readMatrix(matrix), before, 'after the errors');
  });
}

/** A matrix of codes. */
export async function putQuantized(bench: Workbench, values: QuantizedMatrix): Promise<DeviceMatrix> {
  const matrix = bench.emptyMatrix(values.scheme, values.rows, values.columns);
  await bench.backend.writeQuantized(matrix, partOf(values, 0, values.rows));
  return matrix;
}

function partOf(
  { codes, scales, minima, rows, columns }: QuantizedMatrix,
  first: number,
  count: number,
): QuantizedPart {
  const groups = scales.length / rows;
  return {
    first,
    count,
    codes: codes.subarray(first * columns, (first + count) * columns),
    scales: scales.subarray(first * groups, (first + count) * groups),
    minima: minima?.subarray(first * groups, (first + count) * groups),
  };
}
