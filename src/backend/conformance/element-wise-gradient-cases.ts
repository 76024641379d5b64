import { ACTIVATIONS, type Activation } from '../backend.ts';
import { dropoutHash } from '../training-operations.ts';
import type { ConformanceCase } from './conformance-case.ts';
import type { Numbers } from './expect-close.ts';
import { compareWithReference, requirement } from './make-case.ts';
import { randomFloats } from './numbers.ts';
import type { Workbench } from './workbench.ts';

const LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 13, 16, 31, 33, 100, 1023, 4096, 50257];

/** Numbers around the places where exponentials and error functions saturate. */
const STEEP = [0, 1e-30, 1e-7, 1e-3, 0.5, 1, 2, 3, 4.9, 5.1, 8, 9];
const FAR = [100, 1000, 1e5, 1e10, 1e30, 3e38];

type Gradient = 'gateGrad' | 'upGrad';

export const elementWiseGradientCases: readonly ConformanceCase[] = [
  ...LENGTHS.map((length) => activateCase('gelu', `${length} elements`, randomFloats(230, length, 3))),
  ...LENGTHS.flatMap((length) => gateCases('silu', `${length} elements`, randomFloats(231, length, 3))),
  ...ACTIVATIONS.flatMap((activation) => activationCases(activation)),
  ...ACTIVATIONS.map((activation) => saturationCase(activation)),
  ...inPlaceCases(),
  ...LENGTHS.map((length) => dropoutCase(length, 0.1)),
  ...[0, 0.25, 0.5, 0.999, 1 - 2 ** -40].map((rate) => dropoutCase(1001, rate)),
  ...dropoutRequirements(),
];

function activationCases(activation: Activation): ConformanceCase[] {
  const inputs = {
    'numbers in ±3': randomFloats(232, 1001, 3),
    'numbers in ±20': randomFloats(233, 1001, 20),
    'numbers in ±0.001': randomFloats(234, 101, 0.001),
    'numbers in 3 to 9': randomFloats(235, 101, 3).map((x) => 6 + x),
    'numbers in −3 to −9': randomFloats(235, 101, 3).map((x) => -6 - x),
    'saturation on both sides': Float32Array.from(STEEP.flatMap((x) => [x, -x])),
  };
  return Object.entries(inputs).flatMap(([of, input]) => [
    activateCase(activation, of, input),
    ...gateCases(activation, of, input),
  ]);
}

function activateCase(activation: Activation, of: string, input: Float32Array): ConformanceCase {
  return compareWithReference({
    op: 'activateGradient',
    of: `${activation}, ${of}`,
    compute: (bench) => activate(bench, activation, input, randomFloats(236, input.length, 2)),
  });
}

function activate(
  bench: Workbench,
  activation: Activation,
  input: Float32Array,
  outputGrad: Float32Array,
): Promise<Numbers> {
  const [x, grad] = [bench.put(input), bench.put(outputGrad)];
  return bench.result(input.length, (to) => bench.backend.activateGradient(to, grad, x, activation));
}

function gateCases(activation: Activation, of: string, input: Float32Array): ConformanceCase[] {
  return (['gateGrad', 'upGrad'] as const).map((which) =>
    compareWithReference({
      op: 'gateGradient',
      of: `${which}, ${activation}, ${of}`,
      compute: (bench) => gate(bench, which, activation, input),
    }),
  );
}

function gate(bench: Workbench, which: Gradient, activation: Activation, gates: Float32Array): Promise<Numbers> {
  const { length } = gates;
  const to = { gateGrad: bench.output(length), upGrad: bench.output(length) };
  const [x, up] = [bench.put(gates), bench.put(randomFloats(237, length, 2))];
  const grad = bench.put(randomFloats(238, length, 2));
  bench.backend.gateGradient(to.gateGrad, to.upGrad, grad, x, up, activation);
  return bench.backend.read(to[which]);
}

/** Far from zero the exact slopes are known, and nothing may overflow to NaN on the way. */
function saturationCase(activation: Activation): ConformanceCase {
  return requirement('activateGradient', `${activation} saturates without NaN`, async (bench, check) => {
    const high = activation === 'tanh' || activation === 'sigmoid' ? 0 : 1;
    const input = Float32Array.from([...FAR, ...FAR.map((x) => -x)]);
    const got = await activate(bench, activation, input, new Float32Array(input.length).fill(1));
    const wanted = Float32Array.from([...FAR.map(() => high), ...FAR.map(() => 0)]);
    check.sameBits(
      got.map((x) => (Math.abs(x) < 1e-30 ? 0 : x)),
      wanted,
    );
  });
}

function inPlaceCases(): ConformanceCase[] {
  const length = 1027;
  const x = randomFloats(239, length, 3);
  const grads = randomFloats(238, length, 2);
  return [
    requirement('activateGradient', 'inputGrad may be outputGrad', async (bench, check) => {
      const apart = await activate(bench, 'gelu_tanh', x, grads);
      const input = bench.put(x);
      const run = (buffer: ReturnType<Workbench['put']>) =>
        bench.backend.activateGradient(buffer, buffer, input, 'gelu_tanh');
      check.sameBits(await bench.inPlace(grads, run), apart);
    }),
    requirement('gateGradient', 'either gradient may be outputGrad', async (bench, check) => {
      const [gates, up] = [bench.put(x), bench.put(randomFloats(237, length, 2))];
      for (const which of ['gateGrad', 'upGrad'] as const) {
        const other = which === 'gateGrad' ? 'upGrad' : 'gateGrad';
        const own = bench.put(grads);
        const to = { [which]: own, [other]: bench.output(length) } as Record<Gradient, typeof own>;
        bench.backend.gateGradient(to.gateGrad, to.upGrad, own, gates, up, 'gelu');
        for (const it of [which, other] as const) {
          const apart = await gate(bench, it, 'gelu', x);
          check.sameBits(await bench.backend.read(to[it]), apart, `${it}, ${which} being outputGrad`);
        }
      }
    }),
  ];
}

function dropoutCase(length: number, rate: number): ConformanceCase {
  return compareWithReference({
    op: 'dropout',
    of: `${length} elements, rate ${rate}`,
    compute: (bench) => dropout(bench, randomFloats(240, length), { seed: 0xdecaf000 + length, rate }),
  });
}

function dropout(bench: Workbench, input: Float32Array, options: { seed: number; rate: number }): Promise<Numbers> {
  const from = bench.put(input);
  return bench.result(input.length, (output) => bench.backend.dropout(output, from, options));
}

function dropoutRequirements(): ConformanceCase[] {
  const length = 5003;
  return [
    requirement('dropout', 'keeps the elements that the hash says', async (bench, check) => {
      for (const seed of [0, 1, 2 ** 31, 2 ** 32 - 1]) {
        const options = { seed, rate: 0.5 };
        const got = await dropout(bench, new Float32Array(length).fill(3), options);
        const wanted = Float32Array.from({ length }, (_, i) => (dropoutHash(seed, i) >= 2 ** 31 ? 6 : 0));
        check.sameBits(got, wanted, `seed ${seed}`);
      }
    }),
    requirement('dropout', 'output may be the input, and nothing is lost at a rate of 0', async (bench, check) => {
      const input = randomFloats(241, length);
      for (const rate of [0, 0.3]) {
        const options = { seed: 5, rate };
        const apart = await dropout(bench, input, options);
        check.sameBits(await bench.inPlace(input, (buffer) => bench.backend.dropout(buffer, buffer, options)), apart);
        if (rate === 0) check.sameBits(apart, input);
      }
    }),
    requirement('dropout', 'NaN and infinities that are dropped are zeros', async (bench, check) => {
      const options = { seed: 6, rate: 1 - 2 ** -40 };
      const got = await dropout(bench, Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, 1, -1, 2), options);
      check.sameBits(got, new Float32Array(5));
    }),
  ];
}
