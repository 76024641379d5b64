import type { AdamWStep, DeviceBuffer, SgdStep } from '../backend.ts';
import type { ConformanceCase } from './conformance-case.ts';
import type { Numbers } from './expect-close.ts';
import { compareWithReference, requirement } from './make-case.ts';
import { randomFloats } from './numbers.ts';
import type { Workbench } from './workbench.ts';

const LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 13, 16, 31, 33, 100, 1023, 4095, 4096, 4097, 50257];

const ADAMW: AdamWStep = {
  ...{ learningRate: 3e-3, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, gradientScale: 0.7, step: 1 },
};
const SGD: SgdStep = { learningRate: 0.1, momentum: 0.9, weightDecay: 0.01, gradientScale: 0.7 };

const ADAMW_VARIANTS: Record<string, Partial<AdamWStep>> = {
  'step 2': { step: 2 },
  'step 1000': { step: 1000 },
  'no decay': { weightDecay: 0 },
  'betas of 0': { beta1: 0, beta2: 0 },
  'a large epsilon': { epsilon: 0.5 },
  'no scale': { gradientScale: 1 },
};
const SGD_VARIANTS: Record<string, Partial<SgdStep>> = {
  'no momentum': { momentum: 0 },
  'no decay': { weightDecay: 0 },
  'no scale': { gradientScale: 1 },
};

export const optimizerCases: readonly ConformanceCase[] = [
  ...LENGTHS.map((length) => sumCase(`${length} elements`, randomFloats(260, length, 3))),
  sumCase('small numbers', randomFloats(261, 1001, 1e-15)),
  sumCase('large numbers', randomFloats(262, 1001, 1e15)),
  sumCase('one large number among many small ones', largeAmongSmall()),
  ...LENGTHS.flatMap((length) => adamWCases(`${length} elements`, length, {})),
  ...Object.entries(ADAMW_VARIANTS).flatMap(([of, options]) => adamWCases(of, 77, options)),
  ...LENGTHS.flatMap((length) => sgdCases(`${length} elements`, length, {})),
  ...Object.entries(SGD_VARIANTS).flatMap(([of, options]) => sgdCases(of, 77, options)),
  zeroGradientCase(),
];

function sumCase(of: string, numbers: Float32Array): ConformanceCase {
  return compareWithReference({
    op: 'sumOfSquares',
    of,
    compute: (bench) => {
      const input = bench.put(numbers);
      return bench.result(1, (output) => bench.backend.sumOfSquares(output, input));
    },
  });
}

/** A float32 sum in one chain would lose the small ones. */
function largeAmongSmall(): Float32Array {
  const numbers = new Float32Array(20000).fill(0.01);
  numbers[3] = 300;
  return numbers;
}

/** The state of an optimizer after two steps: each buffer in a case of its own. */
function adamWCases(of: string, length: number, options: Partial<AdamWStep>): ConformanceCase[] {
  return (['parameter', 'firstMoment', 'secondMoment'] as const).map((which) =>
    compareWithReference({
      op: 'adamWStep',
      of: `${which}, ${of}`,
      compute: (bench) => {
        const step = { ...ADAMW, ...options };
        const { parameter, firstMoment, secondMoment } = adamWState(bench, length);
        for (const [i, seed] of [265, 266].entries()) {
          const gradient = bench.put(randomFloats(seed, length));
          const next = { ...step, step: step.step + i };
          bench.backend.adamWStep(parameter, firstMoment, secondMoment, gradient, next);
        }
        return bench.backend.read({ parameter, firstMoment, secondMoment }[which]);
      },
    }),
  );
}

function adamWState(
  bench: Workbench,
  length: number,
): Record<'parameter' | 'firstMoment' | 'secondMoment', DeviceBuffer> {
  return {
    parameter: bench.put(randomFloats(262, length)),
    firstMoment: bench.put(randomFloats(263, length)),
    secondMoment: bench.put(randomFloats(264, length).map((x) => x * x)),
  };
}

function sgdCases(of: string, length: number, options: Partial<SgdStep>): ConformanceCase[] {
  return (['parameter', 'velocity'] as const).map((which) =>
    compareWithReference({
      op: 'sgdStep',
      of: `${which}, ${of}`,
      compute: (bench) => {
        const parameter = bench.put(randomFloats(267, length));
        const velocity = bench.put(randomFloats(268, length));
        for (const seed of [269, 270]) {
          bench.backend.sgdStep(parameter, velocity, bench.put(randomFloats(seed, length)), { ...SGD, ...options });
        }
        return bench.backend.read({ parameter, velocity }[which]);
      },
    }),
  );
}

function zeroGradientCase(): ConformanceCase {
  return requirement('adamWStep', 'zeros stay zeros without a gradient', async (bench, check) => {
    const length = 13;
    const zeros = (): DeviceBuffer => bench.put(new Float32Array(length));
    const [parameter, firstMoment, secondMoment] = [bench.put(randomFloats(271, length)), zeros(), zeros()];
    bench.backend.adamWStep(parameter, firstMoment, secondMoment, zeros(), { ...ADAMW, weightDecay: 0, step: 9 });
    const read = (buffer: DeviceBuffer): Promise<Numbers> => bench.backend.read(buffer);
    check.sameBits(await read(parameter), randomFloats(271, length), 'parameter');
    check.sameBits(await read(firstMoment), new Float32Array(length), 'firstMoment');
    check.sameBits(await read(secondMoment), new Float32Array(length), 'secondMoment');
  });
}
