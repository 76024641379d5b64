import type { ConformanceCase } from './conformance-case.ts';
import type { Numbers } from './expect-close.ts';
import { compareWithReference, requirement } from './make-case.ts';
import { concatenate, randomFloats, randomInts } from './numbers.ts';
import type { Workbench } from './workbench.ts';

const OPS = ['softmax', 'logSoftmax', 'tokenLogProbs', 'logSumExp'] as const;
type Op = (typeof OPS)[number];

/** [rows, columns] */
const SHAPES = [
  [0, 7],
  [1, 1],
  [3, 1],
  [1, 2],
  [2, 3],
  [3, 4],
  [5, 5],
  [4, 8],
  [3, 15],
  [7, 17],
  [33, 31],
  [2, 1000],
  [3, 50257],
] as const;

const MINUS_INFINITY = Number.NEGATIVE_INFINITY;

/** Rows of 8, each held to the tolerance by itself. */
const AWKWARD_ROWS = new Float32Array([
  ...[0, 0, 0, 0, 0, 0, 0, 0],
  ...[1e4, 1e4, 9999, -1e4, 0, 9998, 1e4, 1], // far beyond e^88
  ...[-1e4, -10001, -10002, -1e4, -20000, -1e30, -1e4, -10003], // far below e^−87
  ...[3e38, -3e38, 3e38, 0, 1, 2, 3, 4],
  ...[1, MINUS_INFINITY, 2, MINUS_INFINITY, MINUS_INFINITY, 3, -1, MINUS_INFINITY],
  ...[
    MINUS_INFINITY,
    MINUS_INFINITY,
    MINUS_INFINITY,
    -5,
    MINUS_INFINITY,
    MINUS_INFINITY,
    MINUS_INFINITY,
    MINUS_INFINITY,
  ],
  ...[0, -20, -40, -60, -80, -86, -100, -104], // down to where e^x is of denormal size, and below
  ...[-1e-40, 1e-40, 1e-45, 0, -0, 1e-38, -1e-38, 1e-42],
]);

export const softmaxCases: readonly ConformanceCase[] = [
  ...OPS.flatMap((op) => SHAPES.map(([rows, columns]) => sizeCase(op, rows, columns))),
  ...OPS.map((op) => awkwardCase(op)),
  ...OPS.map((op) => sameBitsCase(op)),
  ...(['softmax', 'logSoftmax'] as const).map((op) => inPlaceCase(op)),
  emptyRowsCase(),
  infiniteSumsCase(),
];

/** Runs `op` on rows of logits (rows, columns). */
function compute(bench: Workbench, op: Op, logits: Float32Array, columns: number, ids?: Int32Array): Promise<Numbers> {
  const { backend } = bench;
  const rows = logits.length / columns;
  const input = bench.put(logits);
  switch (op) {
    case 'softmax':
    case 'logSoftmax':
      return bench.result(logits.length, (output) => backend[op](output, input, columns));
    case 'tokenLogProbs': {
      const chosen = bench.put(ids ?? randomInts(70, rows, columns));
      return bench.result(rows, (output) => backend.tokenLogProbs(output, input, chosen, columns));
    }
    case 'logSumExp':
      return bench.result(rows, (output) => backend.logSumExp(output, input, columns));
    default:
      op satisfies never;
      throw new TypeError(`Cannot compute ${JSON.stringify(op)}`);
  }
}

function sizeCase(op: Op, rows: number, columns: number): ConformanceCase {
  return compareWithReference({
    op,
    of: `${rows} rows of ${columns}`,
    compute: (bench) => compute(bench, op, randomFloats(71, rows * columns, 10), columns),
  });
}

function awkwardCase(op: Op): ConformanceCase {
  return compareWithReference({
    op,
    of: 'ties, −∞, numbers far out and of denormal size',
    rowLength: op === 'softmax' || op === 'logSoftmax' ? 8 : undefined,
    compute: (bench) => compute(bench, op, AWKWARD_ROWS, 8, Int32Array.of(3, 2, 4, 2, 5, 3, 6, 1)),
  });
}

function sameBitsCase(op: Op): ConformanceCase {
  return requirement(op, 'same bits for a row alone and among many', async (bench, check) => {
    for (const [rows, columns] of [
      [19, 37],
      [66, 130],
    ] as const) {
      const logits = randomFloats(72, rows * columns, 8);
      const ids = randomInts(73, rows, columns);
      const whole = await compute(bench, op, logits, columns, ids);
      const width = whole.length / rows;
      for (let row = 0; row < rows; row++) {
        const alone = logits.subarray(row * columns, (row + 1) * columns);
        const got = await compute(bench, op, alone, columns, ids.subarray(row, row + 1));
        check.sameBits(got, whole.subarray(row * width, (row + 1) * width), `row ${row} of ${rows}`);
      }
    }
  });
}

function inPlaceCase(op: 'softmax' | 'logSoftmax'): ConformanceCase {
  return requirement(op, 'output may be the input', async (bench, check) => {
    const [rows, columns] = [5, 67];
    const logits = randomFloats(74, rows * columns, 8);
    const together = await bench.inPlace(logits, (buffer) => bench.backend[op](buffer, buffer, columns));
    check.sameBits(together, await compute(bench, op, logits, columns));
  });
}

function infiniteSumsCase(): ConformanceCase {
  return requirement('logSumExp', 'rows of −∞ alone, with NaN and with +∞', async (bench, check) => {
    const { POSITIVE_INFINITY: INFINITE, NaN: NOT_A_NUMBER } = Number;
    for (const columns of [1, 5, 8, 37]) {
      const rows = [MINUS_INFINITY, NOT_A_NUMBER, INFINITE].map((last) => {
        const row = new Float32Array(columns).fill(MINUS_INFINITY);
        row[columns - 1] = last;
        return row;
      });
      const both = new Float32Array(columns).fill(INFINITE);
      both[0] = NOT_A_NUMBER;
      const logits = concatenate([...rows, both]);
      const wanted = Float32Array.of(MINUS_INFINITY, NOT_A_NUMBER, INFINITE, NOT_A_NUMBER);
      check.sameBits(await compute(bench, 'logSumExp', logits, columns), wanted, `${columns} columns`);
    }
  });
}

function emptyRowsCase(): ConformanceCase {
  return requirement('softmax', 'a row of −∞ alone gives zeros', async (bench, check) => {
    for (const columns of [1, 5, 8, 37]) {
      const logits = new Float32Array(3 * columns).fill(MINUS_INFINITY);
      logits[columns] = 2; // the row in the middle has one number
      const wanted = new Float32Array(3 * columns);
      wanted[columns] = 1;
      check.sameBits(await compute(bench, 'softmax', logits, columns), wanted, `${columns} columns`);
    }
  });
}
