import type { CrossEntropyOptions } from '../backend.ts';
import type { ConformanceCase } from './conformance-case.ts';
import type { Numbers } from './expect-close.ts';
import { compareWithReference, requirement } from './make-case.ts';
import { randomFloats, randomInts } from './numbers.ts';
import type { Workbench } from './workbench.ts';

/** [rows, columns] */
const SHAPES = [
  [0, 5],
  [1, 2],
  [3, 2],
  [2, 7],
  [5, 8],
  [67, 65],
  [4, 1029],
  [3, 50257],
] as const;

const OPTIONS: readonly CrossEntropyOptions[] = [
  { smoothing: 0, zLoss: 0 },
  { smoothing: 0.1, zLoss: 0 },
  { smoothing: 0, zLoss: 1e-2 },
  { smoothing: 0.3, zLoss: 0.5 },
  { smoothing: 1, zLoss: 0 },
];

type Op = 'crossEntropy' | 'crossEntropyGradient';

export const crossEntropyCases: readonly ConformanceCase[] = [
  ...SHAPES.flatMap(([rows, columns]) =>
    OPTIONS.flatMap((options) => {
      const logits = randomFloats(250, rows * columns, 4);
      const of = `${rows} rows of ${columns}, ${describe(options)}`;
      return bothCases(of, { logits, ids: targets(rows, columns), columns, options });
    }),
  ),
  ...Object.entries(awkwardRows()).flatMap(([of, logits]) =>
    bothCases(of, { logits, ids: Int32Array.of(0, 3, 7), columns: 8, options: { smoothing: 0, zLoss: 0.01 } }),
  ),
  ...bothCases('a vocabulary of one', {
    ...{ logits: Float32Array.of(2), ids: Int32Array.of(0), columns: 1, options: { smoothing: 0, zLoss: 0.5 } },
  }),
  inPlaceCase(),
  sameBitsCase(),
];

function describe({ smoothing, zLoss }: CrossEntropyOptions): string {
  return `smoothing ${smoothing}, zLoss ${zLoss}`;
}

/** The first and the last id, and others. */
function targets(rows: number, columns: number): Int32Array {
  const ids = randomInts(251, rows, columns);
  if (rows > 1) ids.set([0, columns - 1]);
  return ids;
}

interface Rows {
  readonly logits: Float32Array; // (T, V)
  readonly ids: Int32Array; // (T)
  readonly columns: number; // V
  readonly options: CrossEntropyOptions;
}

function bothCases(of: string, rows: Rows): ConformanceCase[] {
  return (['crossEntropy', 'crossEntropyGradient'] as const).map((op) =>
    compareWithReference({
      op,
      of,
      rowLength: op === 'crossEntropy' ? 1 : undefined,
      compute: (bench) => compute(bench, op, rows),
    }),
  );
}

function compute(bench: Workbench, op: Op, { logits, ids, columns, options }: Rows): Promise<Numbers> {
  const [from, chosen] = [bench.put(logits), bench.put(ids)];
  if (op === 'crossEntropy') {
    return bench.result(ids.length, (losses) => bench.backend.crossEntropy(losses, from, chosen, columns, options));
  }
  const grads = bench.put(lossGrads(ids.length));
  return bench.result(logits.length, (to) =>
    bench.backend.crossEntropyGradient(to, grads, from, chosen, columns, options),
  );
}

function lossGrads(rows: number): Float32Array {
  return randomFloats(252, rows).map((x) => x + (x < 0 ? -0.1 : 0.1));
}

/** Three rows of 8 each. */
function awkwardRows(): Record<string, Float32Array> {
  const logits = randomFloats(253, 24, 3);
  return {
    'equal logits': new Float32Array(24).fill(2),
    'large logits': logits.map((x) => x * 1000),
    'logits far from zero': logits.map((x) => x + 500),
    'logits of −∞ elsewhere than at the target': logits.map((x, i) => (i % 8 === 1 ? Number.NEGATIVE_INFINITY : x)),
  };
}

function inPlaceCase(): ConformanceCase {
  return requirement('crossEntropyGradient', 'logitGrad may be logits', async (bench, check) => {
    const [rows, columns] = [5, 67];
    const logits = randomFloats(254, rows * columns, 4);
    const options = { smoothing: 0.1, zLoss: 0.01 };
    const ids = targets(rows, columns);
    const apart = await compute(bench, 'crossEntropyGradient', { logits, ids, columns, options });
    const [grads, chosen] = [bench.put(lossGrads(rows)), bench.put(ids)];
    const run = (buffer: ReturnType<Workbench['put']>) =>
      bench.backend.crossEntropyGradient(buffer, grads, buffer, chosen, columns, options);
    check.sameBits(await bench.inPlace(logits, run), apart);
  });
}

function sameBitsCase(): ConformanceCase {
  return requirement('crossEntropy', 'same bits for a row alone and among many', async (bench, check) => {
    const [rows, columns] = [17, 533];
    const logits = randomFloats(255, rows * columns, 4);
    const ids = targets(rows, columns);
    const options = { smoothing: 0.2, zLoss: 0.01 };
    const whole = await compute(bench, 'crossEntropy', { logits, ids, columns, options });
    for (let row = 0; row < rows; row++) {
      const own = { logits: logits.subarray(row * columns, (row + 1) * columns), ids: ids.subarray(row, row + 1) };
      const alone = await compute(bench, 'crossEntropy', { ...own, columns, options });
      check.sameBits(alone, whole.subarray(row, row + 1), `row ${row}`);
    }
  });
}
