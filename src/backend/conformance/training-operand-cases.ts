import type { AdamWStep, Backend, CrossEntropyOptions, DeviceBuffer, TrainingOperations } from '../backend.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { type Mistake, mistakeCase } from './operand-cases.ts';
import type { Workbench } from './workbench.ts';

const PLAIN: CrossEntropyOptions = { smoothing: 0, zLoss: 0 };
const ADAMW: AdamWStep = {
  ...{ learningRate: 1, beta1: 0.9, beta2: 0.9, epsilon: 1, weightDecay: 0, gradientScale: 1, step: 1 },
};
const SGD = { learningRate: 1, momentum: 0, weightDecay: 0, gradientScale: 1 };

/** A call on buffers of the given lengths. */
type Call = (backend: Backend, ...buffers: DeviceBuffer[]) => void;

/** The call with one buffer of a wrong length after the other. */
function wrongLengths(lengths: readonly number[], call: Call): Mistake[] {
  return lengths.map((length, i) => [
    `operand ${i + 1} of ${length + 1} instead of ${length} elements`,
    (bench) => call(bench.backend, ...lengths.map((right, j) => bench.output(i === j ? right + 1 : right))),
  ]);
}

/** The call with one buffer that is also another. */
function shared(lengths: readonly number[], [a, b]: readonly [number, number], call: Call): Mistake {
  return [
    `operands ${a + 1} and ${b + 1} in one buffer`,
    (bench) => {
      const buffers = lengths.map((length) => bench.output(length));
      buffers[b] = buffers[a]!;
      call(bench.backend, ...buffers);
    },
  ];
}

const ids = (bench: Workbench, ...values: number[]) => bench.put(Int32Array.from(values));

/** By 3 × 4 weights, two tokens. */
const inputGradient = (bench: Workbench, inputGrad: DeviceBuffer, outputGrad: DeviceBuffer) =>
  bench.backend.linearInputGradient(inputGrad, outputGrad, bench.emptyMatrix('float32', 3, 4));
const weightGradient: Call = (backend, weightGrad, outputGrad, input) =>
  backend.linearWeightGradient(weightGrad!, outputGrad!, input!, { rows: 3, columns: 4 });
const addRowSum: Call = (backend, output, input) => backend.addRowSum(output!, input!);
const activateGradient: Call = (backend, inputGrad, outputGrad, input) =>
  backend.activateGradient(inputGrad!, outputGrad!, input!, 'silu');
const gateGradient: Call = (backend, gateGrad, upGrad, outputGrad, gate, up) =>
  backend.gateGradient(gateGrad!, upGrad!, outputGrad!, gate!, up!, 'silu');
const layerNormGradient: Call = (backend, inputGrad, weightGrad, biasGrad, outputGrad, input, weight) =>
  backend.layerNormGradient(inputGrad!, { weightGrad, biasGrad }, outputGrad!, input!, weight!, 1);
const rmsNormGradient: Call = (backend, inputGrad, weightGrad, outputGrad, input, weight) =>
  backend.rmsNormGradient(inputGrad!, { weightGrad }, outputGrad!, input!, weight!, 1);
const softmaxGradient: Call = (backend, inputGrad, outputGrad, output) =>
  backend.softmaxGradient(inputGrad!, outputGrad!, output!, 4);
const logSoftmaxGradient: Call = (backend, inputGrad, outputGrad, output) =>
  backend.logSoftmaxGradient(inputGrad!, outputGrad!, output!, 4);
const adamWStep: Call = (backend, parameter, m, v, gradient) => backend.adamWStep(parameter!, m!, v!, gradient!, ADAMW);
const sgdStep: Call = (backend, parameter, velocity, gradient) =>
  backend.sgdStep(parameter!, velocity!, gradient!, SGD);
/** Two queries of 2 heads of 4 over two keys of one head, with a position bias of three columns. */
const attentionGradient: Call = (backend, queryGrad, keyGrad, valueGrad, outputGrad, queries, keys, values, ...bias) =>
  backend.attentionGradient(
    { queryGrad: queryGrad!, keyGrad: keyGrad!, valueGrad: valueGrad!, positionBiasGrad: bias[1]! },
    ...([outputGrad!, queries!, keys!, values!] as const),
    {
      spans: [{ queryStart: 0, queryLength: 2, keyStart: 0, keyLength: 2 }],
      ...{ heads: 2, kvHeads: 1, headSize: 4, scale: 1, causal: true },
      positionBias: { values: bias[0]!, own: 2 },
    },
  );
const attentionLengths = [16, 8, 8, 16, 16, 8, 8, 6, 6];

const MISTAKES: { readonly [Op in keyof TrainingOperations]: readonly Mistake[] } = {
  packMatrix: [
    ['11 values for 3 × 4', (bench) => bench.backend.packMatrix(bench.emptyMatrix('float32', 3, 4), bench.output(11))],
    [
      'int32 values',
      (bench) => bench.backend.packMatrix(bench.emptyMatrix('float32', 3, 4), bench.output(12, 'int32')),
    ],
  ],
  linearInputGradient: [
    ['an outputGrad of 7 for rows of 3', (bench) => inputGradient(bench, bench.output(8), bench.output(7))],
    ['an inputGrad of 7 for 2 × 4', (bench) => inputGradient(bench, bench.output(7), bench.output(6))],
    [
      'one buffer for both',
      (bench) => {
        const both = bench.output(12);
        bench.backend.linearInputGradient(both, both, bench.emptyMatrix('float32', 3, 3));
      },
    ],
  ],
  linearWeightGradient: [
    ...wrongLengths([12, 6, 8], weightGradient),
    shared([12, 9, 12], [0, 2], weightGradient),
    [
      'no rows',
      (bench) =>
        bench.backend.linearWeightGradient(bench.output(0), bench.output(0), bench.output(8), { rows: 0, columns: 4 }),
    ],
  ],
  addRowSum: [...wrongLengths([4, 8], addRowSum), shared([4, 4], [0, 1], addRowSum)],
  scatterAddRows: [
    ['an output of 7 for rows of 4', (bench) => scatter(bench, bench.output(7), bench.output(4))],
    ['an input of 5 for one row of 4', (bench) => scatter(bench, bench.output(8), bench.output(5))],
    [
      'float32 indices',
      (bench) => bench.backend.scatterAddRows(bench.output(8), bench.output(4), bench.put(Float32Array.of(0)), 4),
    ],
  ],
  padColumns: [
    ['columns 3 to 6 of 5', (bench) => pad(bench, { output: 10, input: 6, start: 3 })],
    ['an output of 9 for rows of 5', (bench) => pad(bench, { output: 9, input: 6, start: 1 })],
    ['an input of 5 for 2 rows of 3', (bench) => pad(bench, { output: 10, input: 5, start: 1 })],
  ],
  activateGradient: [...wrongLengths([4, 4, 4], activateGradient), shared([4, 4, 4], [0, 2], activateGradient)],
  gateGradient: [
    ...wrongLengths([4, 4, 4, 4, 4], gateGradient),
    ...(
      [
        [0, 1],
        [0, 3],
        [1, 4],
      ] as const
    ).map((pair) => shared([4, 4, 4, 4, 4], pair, gateGradient)),
  ],
  layerNormGradient: [
    ...wrongLengths([8, 4, 4, 8, 8, 4], layerNormGradient),
    ...(
      [
        [0, 3],
        [0, 4],
        [1, 2],
        [1, 5],
      ] as const
    ).map((pair) => shared([4, 4, 4, 4, 4, 4], pair, layerNormGradient)),
  ],
  rmsNormGradient: [
    ...wrongLengths([8, 4, 8, 8, 4], rmsNormGradient),
    ...(
      [
        [0, 2],
        [0, 3],
        [1, 4],
      ] as const
    ).map((pair) => shared([4, 4, 4, 4, 4], pair, rmsNormGradient)),
  ],
  softmaxGradient: [...wrongLengths([8, 8, 8], softmaxGradient), shared([8, 8, 8], [0, 2], softmaxGradient)],
  logSoftmaxGradient: [...wrongLengths([8, 8, 8], logSoftmaxGradient), shared([8, 8, 8], [0, 2], logSoftmaxGradient)],
  attentionGradient: [
    ...wrongLengths(attentionLengths, attentionGradient),
    ...(
      [
        [0, 3],
        [0, 4],
        [1, 2],
        [1, 5],
        [2, 6],
        [7, 8],
      ] as const
    ).map((pair) => shared(attentionLengths, pair, attentionGradient)),
  ],
  crossEntropy: [
    ['an id for two rows', (bench) => entropy(bench, { losses: 2, ids: [1] })],
    ['a loss for two rows', (bench) => entropy(bench, { losses: 1, ids: [1, 2] })],
    ['a smoothing of 1.5', (bench) => entropy(bench, { losses: 2, ids: [1, 2] }, { smoothing: 1.5, zLoss: 0 })],
    ['a smoothing of NaN', (bench) => entropy(bench, { losses: 2, ids: [1, 2] }, { smoothing: Number.NaN, zLoss: 0 })],
  ],
  crossEntropyGradient: [
    ['an id for two rows', (bench) => entropyGradient(bench, { to: 8, grads: 2, ids: [1] })],
    ['one factor for two rows', (bench) => entropyGradient(bench, { to: 8, grads: 1, ids: [1, 2] })],
    ['an output of 7 for 8', (bench) => entropyGradient(bench, { to: 7, grads: 2, ids: [1, 2] })],
    [
      'a smoothing of −1',
      (bench) => entropyGradient(bench, { to: 8, grads: 2, ids: [1, 2] }, { smoothing: -1, zLoss: 0 }),
    ],
  ],
  dropout: [
    [
      'an output of 3 for 4',
      (bench) => bench.backend.dropout(bench.output(3), bench.output(4), { seed: 1, rate: 0.5 }),
    ],
    ['a rate of 1', (bench) => bench.backend.dropout(bench.output(4), bench.output(4), { seed: 1, rate: 1 })],
    ['a rate of −0.1', (bench) => bench.backend.dropout(bench.output(4), bench.output(4), { seed: 1, rate: -0.1 })],
    [
      'a rate of NaN',
      (bench) => bench.backend.dropout(bench.output(4), bench.output(4), { seed: 1, rate: Number.NaN }),
    ],
  ],
  sumOfSquares: [
    ['two outputs', (bench) => bench.backend.sumOfSquares(bench.output(2), bench.output(4))],
    ['an int32 input', (bench) => bench.backend.sumOfSquares(bench.output(1), bench.output(4, 'int32'))],
  ],
  adamWStep: [
    ...wrongLengths([4, 4, 4, 4], adamWStep),
    ...(
      [
        [0, 1],
        [1, 2],
        [0, 3],
        [2, 3],
      ] as const
    ).map((pair) => shared([4, 4, 4, 4], pair, adamWStep)),
    ...[0, -1, 1.5, Number.NaN].map(
      (step): Mistake => [
        `step ${step}`,
        (bench) => {
          const [p, m, v, g] = [bench.output(4), bench.output(4), bench.output(4), bench.output(4)];
          bench.backend.adamWStep(p, m, v, g, { ...ADAMW, step });
        },
      ],
    ),
  ],
  sgdStep: [
    ...wrongLengths([4, 4, 4], sgdStep),
    ...(
      [
        [0, 1],
        [1, 2],
        [0, 2],
      ] as const
    ).map((pair) => shared([4, 4, 4], pair, sgdStep)),
  ],
};

export const trainingOperandCases: readonly ConformanceCase[] = Object.entries(MISTAKES).map(([op, mistakes]) =>
  mistakeCase(op as keyof TrainingOperations, mistakes),
);

/** A row of 4. */
function scatter(bench: Workbench, output: DeviceBuffer, input: DeviceBuffer): void {
  bench.backend.scatterAddRows(output, input, ids(bench, 1), 4);
}

/** Three of five columns. */
function pad(bench: Workbench, { output, input, start }: { output: number; input: number; start: number }): void {
  bench.backend.padColumns(bench.output(output), bench.output(input), { columns: 5, start, width: 3 });
}

/** Over two rows of 4. */
function entropy(bench: Workbench, it: { losses: number; ids: number[] }, options = PLAIN): void {
  bench.backend.crossEntropy(bench.output(it.losses), bench.output(8), ids(bench, ...it.ids), 4, options);
}

/** Over two rows of 4. */
function entropyGradient(bench: Workbench, it: { to: number; grads: number; ids: number[] }, options = PLAIN): void {
  const [to, grads] = [bench.output(it.to), bench.output(it.grads)];
  bench.backend.crossEntropyGradient(to, grads, bench.output(8), ids(bench, ...it.ids), 4, options);
}
