import type { DeviceBuffer } from '../backend.ts';
import type { ConformanceCase } from './conformance-case.ts';
import type { Numbers } from './expect-close.ts';
import { compareWithReference, requirement } from './make-case.ts';
import { randomFloats, randomInts } from './numbers.ts';
import type { Workbench } from './workbench.ts';

type Op = 'layerNormGradient' | 'rmsNormGradient';
type Output = 'inputGrad' | 'weightGrad' | 'biasGrad';

const OUTPUTS: Record<Op, readonly Output[]> = {
  layerNormGradient: ['inputGrad', 'weightGrad', 'biasGrad'],
  rmsNormGradient: ['inputGrad', 'weightGrad'],
};

/** [rows, channels] */
const SHAPES = [
  [0, 8],
  [1, 3],
  [1, 4],
  [2, 7],
  [3, 8],
  [5, 33],
  [63, 5],
  [64, 4],
  [65, 15],
  [130, 100],
  [67, 96],
  [4, 1025],
] as const;

/** Rows of 8 that are awkward to normalise, each held to the tolerance by itself. */
const AWKWARD_ROWS = new Float32Array([
  ...[0, 0, 0, 0, 0, 0, 0, 0],
  ...[5, 5, 5, 5, 5, 5, 5, 5],
  ...[100.5, 100, 99.5, 101, 100.25, 99, 100, 100.75], // a large mean and a small variance
  ...[1e6, -2e6, 3e6, 1e5, -1e6, 0, 2e6, 1e4],
  ...[0, 0, 0, 1e4, 0, 0, 0, 0],
]);

export const normGradientCases: readonly ConformanceCase[] = [
  ...(['layerNormGradient', 'rmsNormGradient'] as const).flatMap((op) => [
    ...OUTPUTS[op].flatMap((which) => SHAPES.map(([rows, channels]) => sizeCase(op, which, rows, channels))),
    awkwardCase(op),
    ...optionalCases(op),
    sameBitsCase(op),
  ]),
  ...SHAPES.map(([rows, channels]) => rowSumCase(rows, channels)),
  rowSumCase(1500, 3),
  accumulationCase(),
];

interface Gradients {
  readonly input: Float32Array; // (T, C)
  readonly outputGrad: Float32Array; // (T, C)
  readonly channels: number;
  /** Which gradients to ask for; all unless given. */
  readonly wanted?: readonly Output[];
}

function gradientsOf(rows: number, channels: number): Gradients {
  return { input: randomFloats(210, rows * channels, 2), outputGrad: randomFloats(211, rows * channels), channels };
}

/** Records the operation; those of parameters begin with random numbers. */
function record(bench: Workbench, op: Op, { input, outputGrad, channels, wanted }: Gradients) {
  const weight = bench.put(randomFloats(212, channels, 2));
  const before = bench.put(randomFloats(213, channels));
  const inputGrad = bench.output(input.length);
  const parameter = (which: Output): DeviceBuffer | undefined => {
    if (wanted !== undefined && !wanted.includes(which)) return undefined;
    const buffer = bench.output(channels);
    bench.backend.copy(buffer, before);
    return buffer;
  };
  const [weightGrad, biasGrad] = [parameter('weightGrad'), parameter('biasGrad')];
  bench.backend[op](inputGrad, { weightGrad, biasGrad }, bench.put(outputGrad), bench.put(input), weight, 1e-5);
  return { inputGrad, weightGrad, biasGrad };
}

function read(bench: Workbench, op: Op, which: Output, gradients: Gradients): Promise<Numbers> {
  return bench.backend.read(record(bench, op, gradients)[which]!);
}

function sizeCase(op: Op, which: Output, rows: number, channels: number): ConformanceCase {
  return compareWithReference({
    op,
    of: `${which}, ${rows} rows of ${channels}`,
    compute: (bench) => read(bench, op, which, gradientsOf(rows, channels)),
  });
}

function awkwardCase(op: Op): ConformanceCase {
  const outputGrad = randomFloats(214, AWKWARD_ROWS.length);
  return compareWithReference({
    op,
    of: 'zeros, constants, large means and large numbers',
    compute: (bench) => read(bench, op, 'inputGrad', { input: AWKWARD_ROWS, outputGrad, channels: 8 }),
  });
}

/** A gradient that is not asked for changes nothing about the others. */
function optionalCases(op: Op): ConformanceCase[] {
  const subsets: (readonly Output[])[] = op === 'layerNormGradient' ? [[], ['weightGrad'], ['biasGrad']] : [[]];
  return subsets.map((wanted) =>
    requirement(op, `only inputGrad ${wanted.map((it) => `and ${it}`).join(' ')}`.trim(), async (bench, check) => {
      const gradients = gradientsOf(70, 19);
      for (const which of ['inputGrad', ...wanted] as const) {
        const all = await read(bench, op, which, gradients);
        check.sameBits(await read(bench, op, which, { ...gradients, wanted }), all, which);
      }
    }),
  );
}

function sameBitsCase(op: Op): ConformanceCase {
  return requirement(op, 'same bits for a row alone and among many', async (bench, check) => {
    const [rows, channels] = [67, 45];
    const { input, outputGrad } = gradientsOf(rows, channels);
    const whole = await read(bench, op, 'inputGrad', { input, outputGrad, channels });
    for (const row of [0, 1, 5, 63, 64, 66]) {
      const slice = (numbers: Float32Array) => numbers.subarray(row * channels, (row + 1) * channels);
      const alone = { input: slice(input), outputGrad: slice(outputGrad), channels };
      const got = await read(bench, op, 'inputGrad', alone);
      check.sameBits(got, whole.subarray(row * channels, (row + 1) * channels), `row ${row}`);
    }
  });
}

function rowSumCase(rows: number, channels: number): ConformanceCase {
  return compareWithReference({
    op: 'addRowSum',
    of: `${rows} rows of ${channels}`,
    compute: (bench) => {
      const input = bench.put(randomFloats(216, rows * channels, 2));
      return bench.inPlace(randomFloats(215, channels), (output) => bench.backend.addRowSum(output, input));
    },
  });
}

/** Sums of small integers are exact, whatever their order. */
function accumulationCase(): ConformanceCase {
  return requirement('addRowSum', 'adds to what is there, time after time', async (bench, check) => {
    const [rows, channels] = [150, 21];
    const numbers = randomInts(217, rows * channels, 99);
    const input = bench.put(Float32Array.from(numbers));
    const got = await bench.inPlace(new Float32Array(channels).fill(5), (output) => {
      for (let i = 0; i < 2; i++) bench.backend.addRowSum(output, input);
    });
    const wanted = new Float32Array(channels).fill(5);
    for (const [i, number] of numbers.entries()) wanted[i % channels]! += 2 * number;
    check.sameBits(got, wanted);
  });
}
