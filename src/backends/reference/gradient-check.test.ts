import { expect, test } from 'vitest';
import { ACTIVATIONS } from '../../backend/backend.ts';
import { randomFloats } from '../../backend/conformance/numbers.ts';
import { activate, gate } from './kernels/activation.ts';
import { activateGradient, gateGradient } from './kernels/activation-gradient.ts';
import { attention, type DenseAttention } from './kernels/attention.ts';
import { attentionGradient } from './kernels/attention-gradient.ts';
import { crossEntropy, crossEntropyGradient } from './kernels/cross-entropy.ts';
import { dropout } from './kernels/dropout.ts';
import { linear } from './kernels/linear.ts';
import { linearInputGradient, linearWeightGradient } from './kernels/linear-gradient.ts';
import { layerNorm, rmsNorm } from './kernels/norm.ts';
import { layerNormGradient, rmsNormGradient } from './kernels/norm-gradient.ts';
import { sliceColumns } from './kernels/rows.ts';
import { padColumns } from './kernels/rows-gradient.ts';
import { logSoftmax, softmax } from './kernels/softmax.ts';
import { logSoftmaxGradient, softmaxGradient } from './kernels/softmax-gradient.ts';
import type { ReferenceMatrix } from './reference-matrix.ts';

// The kernels are plain loops over arrays of numbers, so that they run on float64 arrays as well. There central differences
// are exact to some nine digits: for L = Σ weights · output, each gradient must be what they say.

type Numbers = Float32Array; // float64 in fact: see `doubles`

interface Check {
  /** Values of every operand that gets a gradient. */
  readonly operands: readonly Numbers[];
  readonly outputLength: number;
  readonly forward: (output: Numbers, operands: readonly Numbers[]) => void;
  /** Fills (or adds to, from zeros) the gradient of each operand. */
  readonly backward: (grads: readonly Numbers[], outputGrad: Numbers, operands: readonly Numbers[]) => void;
}

function doubles(values: ArrayLike<number>): Numbers {
  return Float64Array.from(values) as unknown as Numbers;
}

function expectGradients({ operands, outputLength, forward, backward }: Check): void {
  const outputGrad = doubles(randomFloats(90, outputLength));
  const lossOf = (values: readonly Numbers[]) => {
    const output = doubles(new Float64Array(outputLength));
    forward(output, values);
    return output.reduce((sum, value, i) => sum + value * outputGrad[i]!, 0);
  };
  const grads = operands.map((values) => doubles(new Float64Array(values.length)));
  backward(grads, outputGrad, operands);
  for (const [which, values] of operands.entries()) {
    for (let i = 0; i < values.length; i++) {
      const [x, h] = [values[i]!, 1e-5];
      values[i] = x + h;
      const above = lossOf(operands);
      values[i] = x - h;
      const below = lossOf(operands);
      values[i] = x;
      expect(grads[which]![i], `operand ${which}, element ${i}`).toBeCloseTo((above - below) / (2 * h), 7);
    }
  }
}

test.each(ACTIVATIONS)('activate and gate: %s', (activation) => {
  const points = doubles([-4.3, -2.1, -0.7, -0.01, 0.02, 0.4, 1.3, 3.9]);
  expectGradients({
    operands: [points],
    outputLength: 8,
    forward: (output, [x]) => activate(output, x!, activation),
    backward: ([grad], outputGrad, [x]) => activateGradient(grad!, outputGrad, x!, activation),
  });
  expectGradients({
    operands: [points, doubles(randomFloats(91, 8, 2))],
    outputLength: 8,
    forward: (output, [gates, up]) => gate(output, gates!, up!, activation),
    backward: ([gateGrad, upGrad], outputGrad, [gates, up]) =>
      gateGradient({ gateGrad: gateGrad!, upGrad: upGrad! }, outputGrad, gates!, up!, activation),
  });
});

test('linear', () => {
  const [tokens, rows, columns] = [3, 4, 5];
  const matrix = (values: Numbers) =>
    ({
      ...{ rows, columns },
      row: (i: number) => values.subarray(i * columns, (i + 1) * columns),
      toFloat32: () => values,
    }) as ReferenceMatrix;
  expectGradients({
    operands: [doubles(randomFloats(92, tokens * columns)), doubles(randomFloats(93, rows * columns))],
    outputLength: tokens * rows,
    forward: (output, [input, weight]) => linear(output, input!, matrix(weight!), undefined),
    backward: ([inputGrad, weightGrad], outputGrad, [input, weight]) => {
      linearInputGradient(inputGrad!, outputGrad, matrix(weight!));
      linearWeightGradient(weightGrad!, outputGrad, input!, { rows, columns });
    },
  });
});

test('layer norm and RMS norm', () => {
  const operands = () => [21, 7, 7].map((length, i) => doubles(randomFloats(94 + i, length, 2)));
  const epsilon = 1e-3;
  expectGradients({
    operands: operands(),
    outputLength: 21,
    forward: (output, [input, weight, bias]) => layerNorm(output, input!, weight!, bias, epsilon),
    backward: ([inputGrad, weightGrad, biasGrad], outputGrad, [input, weight]) =>
      layerNormGradient(inputGrad!, { weightGrad, biasGrad }, outputGrad, { input: input!, weight: weight!, epsilon }),
  });
  expectGradients({
    operands: operands().slice(0, 2),
    outputLength: 21,
    forward: (output, [input, weight]) => rmsNorm(output, input!, weight!, epsilon),
    backward: ([inputGrad, weightGrad], outputGrad, [input, weight]) =>
      rmsNormGradient(inputGrad!, { weightGrad }, outputGrad, { input: input!, weight: weight!, epsilon }),
  });
});

test('columns, dropout', () => {
  const shape = { columns: 5, start: 1, width: 3 };
  expectGradients({
    operands: [doubles(randomFloats(97, 10))],
    outputLength: 6,
    forward: (output, [input]) => sliceColumns(output, input!, shape),
    backward: ([grad], outputGrad) => padColumns(grad!, outputGrad, shape),
  });
  const options = { seed: 12345, rate: 0.4 };
  expectGradients({
    operands: [doubles(randomFloats(98, 40))],
    outputLength: 40,
    forward: (output, [input]) => dropout(output, input!, options),
    backward: ([grad], outputGrad) => dropout(grad!, outputGrad, options),
  });
});

test('softmax and its logarithm', () => {
  const operands = () => [doubles(randomFloats(99, 15, 3))];
  for (const [forward, gradient] of [
    [softmax, softmaxGradient],
    [logSoftmax, logSoftmaxGradient],
  ] as const) {
    expectGradients({
      operands: operands(),
      outputLength: 15,
      forward: (output, [input]) => forward(output, input!, 5),
      backward: ([grad], outputGrad, [input]) => {
        const output = doubles(new Float64Array(15));
        forward(output, input!, 5);
        gradient(grad!, outputGrad, output, 5);
      },
    });
  }
});

test.each([
  { smoothing: 0, zLoss: 0 },
  { smoothing: 0.1, zLoss: 0 },
  { smoothing: 0.2, zLoss: 0.05 },
])('cross-entropy: %o', (options) => {
  const ids = Int32Array.of(2, 0, 6);
  expectGradients({
    operands: [doubles(randomFloats(100, 21, 3))],
    outputLength: 3,
    forward: (output, [logits]) => crossEntropy(output, logits!, ids, 7, options),
    backward: ([grad], outputGrad, [logits]) =>
      crossEntropyGradient(grad!, outputGrad, { logits: logits!, ids, columns: 7 }, options),
  });
});

test.each<[string, Partial<DenseAttention>]>([
  ['all keys', {}],
  ['causal', { causal: true }],
  ['causal, window of 2', { causal: true, window: 2 }],
  ['masked', { mask: { values: randomFloats(101, 28), width: 4 } }],
])('attention, two spans and grouped heads: %s', (_, options) => {
  const shape = { heads: 4, kvHeads: 2, headSize: 3, scale: 0.6, causal: false };
  const spans = [
    { queryStart: 0, queryLength: 3, keyStart: 0, keyLength: 4 },
    { queryStart: 3, queryLength: 4, keyStart: 4, keyLength: 4 },
  ];
  const it = { ...shape, spans, ...options };
  expectGradients({
    operands: [84, 48, 48].map((length, i) => doubles(randomFloats(102 + i, length))),
    outputLength: 84,
    forward: (output, [queries, keys, values]) => attention(output, queries!, keys!, values!, it),
    backward: ([queryGrad, keyGrad, valueGrad], outputGrad, [queries, keys, values]) =>
      attentionGradient(
        {
          ...{ queryGrad: queryGrad!, keyGrad: keyGrad!, valueGrad: valueGrad! },
          ...{ outputGrad, queries: queries!, keys: keys!, values: values! },
        },
        it,
      ),
  });
});

test.each([
  ['all keys', { causal: false }],
  ['causal', { causal: true }],
])('the position bias of attention, narrower than the keys: %s', (_, options) => {
  const shape = { heads: 4, kvHeads: 2, headSize: 3, scale: 0.6 };
  const spans = [
    { queryStart: 0, queryLength: 3, keyStart: 0, keyLength: 5 },
    { queryStart: 3, queryLength: 4, keyStart: 5, keyLength: 4 },
  ];
  const it = (values: Numbers): DenseAttention => ({
    ...{ ...shape, spans, ...options },
    positionBias: { values, width: 4, own: 2 },
  });
  expectGradients({
    operands: [84, 54, 54, 16].map((length, i) => doubles(randomFloats(105 + i, length))),
    outputLength: 84,
    forward: (output, [queries, keys, values, biases]) => attention(output, queries!, keys!, values!, it(biases!)),
    backward: ([queryGrad, keyGrad, valueGrad, positionBiasGrad], outputGrad, [queries, keys, values, biases]) =>
      attentionGradient(
        {
          ...{ queryGrad: queryGrad!, keyGrad: keyGrad!, valueGrad: valueGrad!, positionBiasGrad: positionBiasGrad! },
          ...{ outputGrad, queries: queries!, keys: keys!, values: values! },
        },
        it(biases!),
      ),
  });
});
