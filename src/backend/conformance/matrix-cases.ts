import { bfloat16ToNumber, float16ToNumber, numberToBfloat16, numberToFloat16 } from '../../base/float16.ts';
import type { MatrixPart } from '../backend.ts';
import { WEIGHT_DTYPES, type WeightDType } from '../dtype.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { requirement } from './make-case.ts';
import { randomFloats } from './numbers.ts';
import { toBytes } from './workbench.ts';

const ORDERS = ['rows', 'columns'] as const;

/** [rows, columns] */
const SHAPES = [
  [1, 1],
  [1, 9],
  [9, 1],
  [7, 5],
  [8, 16],
  [13, 33],
  [50, 65],
] as const;

/** Numbers that are hard to round: ties, subnormals of float16, the ends of each dtype, both zeros, infinities. */
const HARD = new Float32Array([
  ...[0, -0, 1, -1, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -20],
  ...[2 ** -14, 2 ** -15, 2 ** -24, 2 ** -25, 1.5 * 2 ** -25, 2.5 * 2 ** -24, 2 ** -26, 1023.5 * 2 ** -24, -(2 ** -24)],
  ...[65504, 65519.99, 65520, -65520, 1e6, 3.4e38, -3.4e38, 3.3961775e38, 2047.5, 2048.5, 2049, 2051],
  ...[1e-45, -1e-45, 1e-39, 1.2e-38, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
]);

export const matrixCases: readonly ConformanceCase[] = [
  ...WEIGHT_DTYPES.flatMap((from) =>
    WEIGHT_DTYPES.flatMap((to) => [hardCase(from, to), ...ORDERS.flatMap((order) => [shapesCase(from, to, order)])]),
  ),
  ...ORDERS.map((order) => piecesCase(order)),
  ...ORDERS.map((order) => largeCase(order)),
  ...ORDERS.map((order) => filledCase(order)),
  failingFillCase(),
  overwriteCase(),
  unalignedCase(),
  badPartsCase(),
];

function rounded(numbers: Float32Array, dtype: WeightDType): Float32Array {
  switch (dtype) {
    case 'float32':
      return numbers;
    case 'bfloat16':
      return numbers.map((x) => bfloat16ToNumber(numberToBfloat16(x)));
    case 'float16':
      return numbers.map((x) => float16ToNumber(numberToFloat16(x)));
    default:
      dtype satisfies never;
      throw new TypeError(`Cannot round to ${JSON.stringify(dtype)}`);
  }
}

/** Rows or columns of `numbers` (rows, columns) as a file has them. */
function partOf(
  numbers: Float32Array,
  [rows, columns]: readonly [number, number],
  { dtype, order, first, count }: Omit<MatrixPart, 'data'>,
): MatrixPart {
  const lineLength = order === 'rows' ? columns : rows;
  const lines = Float32Array.from({ length: count * lineLength }, (_, i) => {
    const line = first + Math.floor(i / lineLength);
    const place = i % lineLength;
    return order === 'rows' ? numbers[line * columns + place]! : numbers[place * columns + line]!;
  });
  return { data: toBytes(lines, dtype), dtype, order, first, count };
}

function shapesCase(from: WeightDType, to: WeightDType, order: 'rows' | 'columns'): ConformanceCase {
  return requirement('writeMatrix', `${from} to ${to} by ${order}`, async (bench, check) => {
    for (const [rows, columns] of SHAPES) {
      const numbers = randomFloats(110, rows * columns, 10);
      const matrix = bench.emptyMatrix(to, rows, columns);
      const count = order === 'rows' ? rows : columns;
      await bench.backend.writeMatrix(
        matrix,
        partOf(numbers, [rows, columns], { dtype: from, order, first: 0, count }),
      );
      const wanted = rounded(rounded(numbers, from), to);
      check.sameBits(await bench.backend.readMatrix(matrix), wanted, `${rows} × ${columns}`);
    }
  });
}

function hardCase(from: WeightDType, to: WeightDType): ConformanceCase {
  return requirement('writeMatrix', `${from} to ${to}, ties to even, subnormals, overflow`, async (bench, check) => {
    const matrix = bench.emptyMatrix(to, 1, HARD.length);
    await bench.backend.writeMatrix(matrix, {
      data: toBytes(HARD, from),
      dtype: from,
      order: 'rows',
      first: 0,
      count: 1,
    });
    check.sameBits(await bench.backend.readMatrix(matrix), rounded(rounded(HARD, from), to));
  });
}

/** Pieces in any order, as the shards of a checkpoint and fused projections give them. */
function piecesCase(order: 'rows' | 'columns'): ConformanceCase {
  return requirement('writeMatrix', `pieces of ${order} in any order`, async (bench, check) => {
    const shape = [29, 37] as const;
    const numbers = randomFloats(111, 29 * 37);
    const matrix = bench.emptyMatrix('bfloat16', ...shape);
    const lines = order === 'rows' ? 29 : 37;
    const pieces = [
      { first: 17, count: lines - 17 },
      { first: 0, count: 5 },
      { first: 6, count: 11 },
      { first: 3, count: 0 },
      { first: 5, count: 1 },
    ];
    for (const piece of pieces) {
      await bench.backend.writeMatrix(matrix, partOf(numbers, shape, { dtype: 'float32', order, ...piece }));
    }
    check.sameBits(await bench.backend.readMatrix(matrix), rounded(numbers, 'bfloat16'));
  });
}

function largeCase(order: 'rows' | 'columns'): ConformanceCase {
  return requirement('writeMatrix', `2304 × 200 by ${order}, bfloat16 to float32`, async (bench, check) => {
    const shape = [2304, 200] as const;
    const numbers = randomFloats(112, 2304 * 200);
    const matrix = bench.emptyMatrix('float32', ...shape);
    const count = order === 'rows' ? 2304 : 200;
    await bench.backend.writeMatrix(matrix, partOf(numbers, shape, { dtype: 'bfloat16', order, first: 0, count }));
    check.sameBits(await bench.backend.readMatrix(matrix), rounded(numbers, 'bfloat16'));
  });
}

/** Several pieces of it, which are filled late and not in order. */
function filledCase(order: 'rows' | 'columns'): ConformanceCase {
  return requirement('writeMatrix', `bytes of ${order} that a function fills, piece by piece`, async (bench, check) => {
    const shape: readonly [number, number] = order === 'rows' ? [1100, 1000] : [1000, 1100];
    const numbers = randomFloats(116, 1100 * 1000);
    const matrix = bench.emptyMatrix('bfloat16', ...shape);
    const { data, ...part } = partOf(numbers, shape, { dtype: 'float32', order, first: 0, count: 1100 });
    const bytes = data as Uint8Array;
    let numCalls = 0;
    const fill = async (target: Uint8Array, offset: number) => {
      for (let wait = 4 - (numCalls++ % 4); wait > 0; wait--) await Promise.resolve();
      target.set(bytes.subarray(offset, offset + target.length));
    };
    await bench.backend.writeMatrix(matrix, { ...part, data: fill });
    check.sameBits(await bench.backend.readMatrix(matrix), rounded(numbers, 'bfloat16'));
  });
}

function failingFillCase(): ConformanceCase {
  return requirement('writeMatrix', 'a function that cannot fill, and one after it that can', async (bench, check) => {
    const matrix = bench.emptyMatrix('float32', 2, 3);
    const part = { dtype: 'float32', order: 'rows', first: 0, count: 2 } as const;
    const fail = async () => {
      throw new RangeError('the file ends');
    };
    await check.throws(() => bench.backend.writeMatrix(matrix, { ...part, data: fail }), 'a file that ends');
    const numbers = randomFloats(117, 6);
    const fill = async (target: Uint8Array, offset: number) =>
      target.set(toBytes(numbers, 'float32').subarray(offset, offset + target.length));
    await bench.backend.writeMatrix(matrix, { ...part, data: fill });
    check.sameBits(await bench.backend.readMatrix(matrix), numbers);
  });
}

function overwriteCase(): ConformanceCase {
  return requirement('writeMatrix', 'replaces what was there, and nothing else', async (bench, check) => {
    const numbers = randomFloats(113, 11 * 13);
    const matrix = await bench.matrix('float16', 11, 13, numbers);
    const row = randomFloats(114, 13);
    await bench.backend.writeMatrix(matrix, {
      data: toBytes(row, 'float16'),
      dtype: 'float16',
      order: 'rows',
      first: 4,
      count: 1,
    });
    const wanted = numbers.slice();
    wanted.set(row, 4 * 13);
    check.sameBits(await bench.backend.readMatrix(matrix), rounded(wanted, 'float16'));
  });
}

/** A tensor of a file may begin at any byte. */
function unalignedCase(): ConformanceCase {
  return requirement('writeMatrix', 'bytes at any address', async (bench, check) => {
    for (const dtype of WEIGHT_DTYPES) {
      for (const shift of [1, 2, 3]) {
        const numbers = randomFloats(115, 5 * 9);
        const bytes = toBytes(numbers, dtype);
        const file = new Uint8Array(bytes.length + 8);
        file.set(bytes, shift);
        const data = file.subarray(shift, shift + bytes.length);
        const matrix = bench.emptyMatrix('float32', 5, 9);
        await bench.backend.writeMatrix(matrix, { data, dtype, order: 'rows', first: 0, count: 5 });
        check.sameBits(await bench.backend.readMatrix(matrix), rounded(numbers, dtype), `${dtype} at byte ${shift}`);
      }
    }
  });
}

function badPartsCase(): ConformanceCase {
  return requirement('writeMatrix', 'rejects parts that do not fit', async (bench, check) => {
    const matrix = bench.emptyMatrix('float32', 4, 6);
    const write = (part: Partial<MatrixPart>, numBytes: number) => () =>
      bench.backend.writeMatrix(matrix, {
        data: new Uint8Array(numBytes),
        dtype: 'float32',
        order: 'rows',
        first: 0,
        count: 1,
        ...part,
      });
    await check.throws(write({}, 23), 'a row of 6 float32 in 23 bytes');
    await check.throws(write({}, 25), 'a row of 6 float32 in 25 bytes');
    await check.throws(write({ dtype: 'bfloat16' }, 24), 'a row of 6 bfloat16 in 24 bytes');
    await check.throws(write({ first: 4 }, 24), 'row 4 of 4');
    await check.throws(write({ first: 2, count: 3 }, 72), 'rows 2 to 5 of 4');
    await check.throws(write({ first: -1 }, 24), 'row −1');
    await check.throws(write({ order: 'columns', first: 6 }, 16), 'column 6 of 6');
    await check.throws(write({ order: 'columns' }, 24), 'a column of 4 float32 in 24 bytes');
    check.sameBits(await bench.backend.readMatrix(matrix), new Float32Array(24), 'after the errors');
  });
}
