import { ACTIVATIONS, type DeviceBuffer } from '../backend.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { compareWithReference, requirement } from './make-case.ts';
import { randomFloats, randomInts } from './numbers.ts';
import type { Workbench } from './workbench.ts';

const LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 13, 16, 31, 33, 100, 1023, 4096, 3 * 50257];

/** Zeros of both signs, numbers of denormal size, and numbers near the ends of float32. */
const EXTREMES = new Float32Array([
  ...[0, -0, 1e-45, -1e-45, 1e-39, -1e-38, 1.2e-38, 1e-20],
  ...[1e18, -1e18, 3e38, -3e38, 1, -1, 16777216, 16777217],
]);

/** Numbers around the places where exponentials and error functions saturate. */
const STEEP = [0, 1e-30, 1e-7, 1e-3, 0.5, 1, 2, 3, 4.9, 5.1, 8, 9, 10.5, 20, 60, 87, 88.5, 100, 1000, 1e5, 1e10];

type ElementWise = 'copy' | 'fill' | 'add' | 'multiply' | 'scale' | 'activate' | 'gate';
type Run = (bench: Workbench, output: DeviceBuffer, a: DeviceBuffer, b: DeviceBuffer) => void;

const RUNS: Record<ElementWise, Run> = {
  copy: ({ backend }, output, a) => backend.copy(output, a),
  fill: ({ backend }, output) => backend.fill(output, 0.1),
  add: ({ backend }, output, a, b) => backend.add(output, a, b),
  multiply: ({ backend }, output, a, b) => backend.multiply(output, a, b),
  scale: ({ backend }, output, a) => backend.scale(output, a, 0.1),
  activate: ({ backend }, output, a) => backend.activate(output, a, 'gelu'),
  gate: ({ backend }, output, a, b) => backend.gate(output, a, b, 'silu'),
};

export const elementWiseCases: readonly ConformanceCase[] = [
  ...ops().flatMap((op) => LENGTHS.map((length) => lengthCase(op, length))),
  ...ops().map((op) => extremesCase(op)),
  ...ACTIVATIONS.flatMap((activation) => activationCases(activation)),
  ...[1, 3, 4, 7, 64, 768].flatMap((width) => broadcastCases(width)),
  ...(['add', 'multiply', 'scale', 'activate', 'gate'] as const).map((op) => inPlaceCase(op)),
  ...(['add', 'multiply', 'scale', 'activate', 'gate'] as const).map((op) => sameBitsCase(op)),
  ...gateOverUpCases(),
  ...int32Cases(),
];

function ops(): ElementWise[] {
  return Object.keys(RUNS) as ElementWise[];
}

function lengthCase(op: ElementWise, length: number): ConformanceCase {
  return compareWithReference({
    op,
    of: `${length} elements`,
    compute: (bench) => {
      const a = bench.put(randomFloats(1, length, 3));
      const b = bench.put(randomFloats(2, length, 3));
      return bench.result(length, (output) => RUNS[op](bench, output, a, b));
    },
  });
}

function extremesCase(op: ElementWise): ConformanceCase {
  return compareWithReference({
    op,
    of: 'zeros, numbers of denormal size, and the ends of float32',
    compute: (bench) => {
      const a = bench.put(EXTREMES);
      const b = bench.put(new Float32Array(EXTREMES.length).fill(0.5));
      return bench.result(EXTREMES.length, (output) => RUNS[op](bench, output, a, b));
    },
  });
}

function activationCases(activation: (typeof ACTIVATIONS)[number]): ConformanceCase[] {
  const inputs = {
    'numbers in ±3': randomFloats(3, 1001, 3),
    'numbers in ±20': randomFloats(4, 1001, 20),
    'numbers in ±0.001': randomFloats(5, 101, 0.001),
    'positive saturation': Float32Array.from(STEEP.filter((x) => x < 10)),
    'negative saturation': Float32Array.from(
      STEEP.filter((x) => x < 10),
      (x) => -x,
    ),
  };
  const comparisons = Object.entries(inputs).flatMap(([of, input]) => [
    compareWithReference({
      op: 'activate',
      of: `${activation}, ${of}`,
      compute: (bench) => {
        const from = bench.put(input);
        return bench.result(input.length, (output) => bench.backend.activate(output, from, activation));
      },
    }),
    compareWithReference({
      op: 'gate',
      of: `${activation}, ${of}`,
      compute: (bench) => {
        const [gate, up] = [bench.put(input), bench.put(randomFloats(6, input.length, 2))];
        return bench.result(input.length, (output) => bench.backend.gate(output, gate, up, activation));
      },
    }),
  ]);
  return [...comparisons, saturationCase(activation)];
}

/** Far from zero the exact values are known, and nothing may overflow to NaN on the way. */
function saturationCase(activation: (typeof ACTIVATIONS)[number]): ConformanceCase {
  return requirement('activate', `${activation} saturates without NaN`, async (bench, check) => {
    const large = STEEP.filter((x) => x >= 100);
    const high = activation === 'tanh' || activation === 'sigmoid' ? large.map(() => 1) : large;
    const low = activation === 'tanh' ? -1 : 0;
    const input = bench.put(Float32Array.from([...large, ...large.map((x) => -x)]));
    const got = await bench.result(2 * large.length, (output) => bench.backend.activate(output, input, activation));
    const wanted = Float32Array.from([...high, ...large.map(() => low)]);
    check.sameBits(
      got.map((x) => (Math.abs(x) < 1e-30 ? 0 : x)),
      wanted,
    );
  });
}

function broadcastCases(width: number): ConformanceCase[] {
  return (['add', 'multiply'] as const).flatMap((op) =>
    [0, 1, 5].map((rows) =>
      compareWithReference({
        op,
        of: `${rows} rows of ${width} and one row`,
        compute: (bench) => {
          const a = bench.put(randomFloats(7, rows * width, 3));
          const b = bench.put(randomFloats(8, width, 3));
          return bench.result(rows * width, (output) => bench.backend[op](output, a, b));
        },
      }),
    ),
  );
}

function inPlaceCase(op: ElementWise): ConformanceCase {
  return requirement(op, 'output may be the first input', async (bench, check) => {
    const length = 1027;
    const a = randomFloats(9, length, 3);
    const b = bench.put(randomFloats(10, length, 3));
    const apart = await bench.result(length, (output) => RUNS[op](bench, output, bench.put(a), b));
    check.sameBits(await bench.inPlace(a, (buffer) => RUNS[op](bench, buffer, buffer, b)), apart);
  });
}

function sameBitsCase(op: ElementWise): ConformanceCase {
  return requirement(op, 'same bits for an element wherever it stands', async (bench, check) => {
    const [length, shift] = [1029, 5];
    const [a, b] = [randomFloats(11, length, 8), randomFloats(12, length, 8)];
    const compute = (first: number, end: number) => {
      const [x, y] = [bench.put(a.subarray(first, end)), bench.put(b.subarray(first, end))];
      return bench.result(end - first, (output) => RUNS[op](bench, output, x, y));
    };
    const whole = await compute(0, length);
    check.sameBits(await compute(shift, length), whole.subarray(shift));
    for (const i of [0, 1, 4, 511, 1027, 1028]) check.sameBits(await compute(i, i + 1), whole.subarray(i, i + 1));
  });
}

function gateOverUpCases(): ConformanceCase[] {
  return ACTIVATIONS.map((activation) =>
    requirement('gate', `${activation}, output may be up`, async (bench, check) => {
      const length = 103;
      const gate = bench.put(randomFloats(13, length, 3));
      const up = randomFloats(14, length, 3);
      const apart = await bench.result(length, (output) => bench.backend.gate(output, gate, bench.put(up), activation));
      check.sameBits(await bench.inPlace(up, (buffer) => bench.backend.gate(buffer, gate, buffer, activation)), apart);
    }),
  );
}

function int32Cases(): ConformanceCase[] {
  return [0, 1, 7, 1000].flatMap((length) => [
    requirement('copy', `${length} elements, int32`, async (bench, check) => {
      const input = randomInts(15, length, 2 ** 31 - 1);
      const copy = await bench.result(length, (output) => bench.backend.copy(output, bench.put(input)), 'int32');
      check.sameBits(copy, input);
    }),
    requirement('fill', `${length} elements, int32`, async (bench, check) => {
      const filled = await bench.result(length, (output) => bench.backend.fill(output, -2147483647), 'int32');
      check.sameBits(filled, new Int32Array(length).fill(-2147483647));
    }),
  ]);
}
