import type { ConformanceCase } from './conformance-case.ts';
import type { Numbers } from './expect-close.ts';
import { compareWithReference, requirement } from './make-case.ts';
import { randomFloats, randomInts } from './numbers.ts';
import type { Workbench } from './workbench.ts';

/** [rows, columns, start, width] */
const PADDINGS = [
  [0, 8, 0, 8],
  [1, 1, 0, 1],
  [3, 7, 0, 7],
  [3, 7, 6, 1],
  [5, 9, 2, 0],
  [5, 9, 1, 5],
  [13, 2304, 768, 768],
  [2, 101, 3, 97],
] as const;

/** [rows of the output, columns, number of indices] */
const SCATTERS = [
  [1, 1, 0],
  [1, 1, 1],
  [5, 3, 9],
  [7, 8, 3],
  [33, 31, 200],
  [3, 770, 50],
] as const;

type Rowwise = 'softmaxGradient' | 'logSoftmaxGradient';

/** [rows, columns] */
const ROWS = [
  [0, 5],
  [1, 1],
  [3, 2],
  [2, 7],
  [5, 8],
  [67, 33],
  [4, 1029],
  [2, 50257],
] as const;

export const rowGradientCases: readonly ConformanceCase[] = [
  ...PADDINGS.map(([rows, columns, start, width]) =>
    compareWithReference({
      op: 'padColumns',
      of: `columns ${start} to ${start + width} of ${rows} × ${columns}`,
      compute: (bench) => {
        const input = bench.put(randomFloats(220, rows * width));
        const shape = { columns, start, width };
        return bench.result(rows * columns, (output) => bench.backend.padColumns(output, input, shape));
      },
    }),
  ),
  ...SCATTERS.map(([rows, columns, count]) =>
    compareWithReference({
      op: 'scatterAddRows',
      of: `${count} to ${rows} × ${columns}`,
      compute: (bench) => {
        const chosen = randomInts(221, count, rows);
        if (count > 2) chosen.set([rows - 1, 0, rows - 1]); // the last and the first row, and one twice
        const before = randomFloats(222, rows * columns);
        return scatter(bench, before, randomFloats(223, count * columns), chosen, columns);
      },
    }),
  ),
  orderCase(),
  ...(['softmaxGradient', 'logSoftmaxGradient'] as const).flatMap((op) => [
    ...ROWS.map(([rows, columns]) => rowwiseCase(op, rows, columns)),
    inPlaceCase(op),
    sameBitsCase(op),
  ]),
];

function scatter(
  bench: Workbench,
  before: Float32Array,
  input: Float32Array,
  rows: Int32Array,
  columns: number,
): Promise<Numbers> {
  const [from, indices] = [bench.put(input), bench.put(rows)];
  return bench.inPlace(before, (output) => bench.backend.scatterAddRows(output, from, indices, columns));
}

/** Numbers whose sum depends on the order. */
function orderCase(): ConformanceCase {
  return requirement('scatterAddRows', 'adds in the order of the indices', async (bench, check) => {
    const columns = 37;
    const input = Float32Array.from({ length: 3 * columns }, (_, i) => [1e8, -1e8, 1][Math.floor(i / columns)]!);
    const got = await scatter(bench, new Float32Array(columns), input, Int32Array.of(0, 0, 0), columns);
    check.sameBits(got, new Float32Array(columns).fill(1));
  });
}

function outputsOf(op: Rowwise, rows: number, columns: number): Float32Array {
  const scale = op === 'softmaxGradient' ? 2 / columns : 6;
  return randomFloats(224, rows * columns).map((x) => (op === 'softmaxGradient' ? Math.abs(x) : x - 1) * scale);
}

function rowwiseCase(op: Rowwise, rows: number, columns: number): ConformanceCase {
  return compareWithReference({
    op,
    of: `${rows} rows of ${columns}`,
    rowLength: columns,
    compute: (bench) => {
      const output = bench.put(outputsOf(op, rows, columns));
      const grad = bench.put(randomFloats(225, rows * columns));
      return bench.result(rows * columns, (inputGrad) => bench.backend[op](inputGrad, grad, output, columns));
    },
  });
}

function inPlaceCase(op: Rowwise): ConformanceCase {
  return requirement(op, 'inputGrad may be outputGrad', async (bench, check) => {
    const [rows, columns] = [5, 67];
    const output = bench.put(outputsOf(op, rows, columns));
    const grads = randomFloats(226, rows * columns);
    const apart = await bench.result(grads.length, (to) => bench.backend[op](to, bench.put(grads), output, columns));
    check.sameBits(await bench.inPlace(grads, (buffer) => bench.backend[op](buffer, buffer, output, columns)), apart);
  });
}

function sameBitsCase(op: Rowwise): ConformanceCase {
  return requirement(op, 'same bits for a row alone and among many', async (bench, check) => {
    const [rows, columns] = [17, 533];
    const outputs = outputsOf(op, rows, columns);
    const grads = randomFloats(227, rows * columns);
    const compute = (first: number, end: number) => {
      const slice = (numbers: Float32Array) => bench.put(numbers.subarray(first * columns, end * columns));
      const [grad, output] = [slice(grads), slice(outputs)];
      return bench.result((end - first) * columns, (to) => bench.backend[op](to, grad, output, columns));
    };
    const whole = await compute(0, rows);
    for (let row = 0; row < rows; row++) {
      const wanted = whole.subarray(row * columns, (row + 1) * columns);
      check.sameBits(await compute(row, row + 1), wanted, `row ${row}`);
    }
  });
}
