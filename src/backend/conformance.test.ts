import { describe, expect, test } from 'vitest';
import { createReferenceBackend } from '../backends/reference/reference-backend.ts';
import type { Backend, DeviceBuffer } from './backend.ts';
import { conformanceCases } from './conformance.ts';

// The suite must notice faults: here backends with one fault each run its cases.

const reference = createReferenceBackend();
const OPERATIONS = [...new Set(conformanceCases.map(({ op }) => op))];

/** The messages of the cases about `op` that fail on `backend`; stops at the first. */
async function firstFailure(backend: Backend, op: string): Promise<string | undefined> {
  for (const it of conformanceCases.filter((it) => it.op === op)) {
    try {
      await it.run(backend, reference);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
  return undefined;
}

test('every case has a name of its own, which starts with its operation', () => {
  const names = conformanceCases.map(({ name }) => name);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  expect(conformanceCases.filter(({ name, op }) => !name.startsWith(`${op}: `))).toEqual([]);
});

test('every method of the contract has cases', () => {
  const methods = Object.keys(reference).filter((name) => !['name', 'numThreads', 'dispose'].includes(name));
  expect(OPERATIONS.toSorted()).toEqual(methods.toSorted());
});

describe('An operation that does nothing is noticed', () => {
  const kernels = [
    ...['copy', 'fill', 'add', 'multiply', 'scale', 'activate', 'gate', 'linear', 'embed', 'layerNorm', 'rmsNorm'],
    ...[
      'rotate',
      'sliceColumns',
      'gatherRows',
      'softmax',
      'logSoftmax',
      'tokenLogProbs',
      'argmax',
      'topK',
      'logSumExp',
      'draw',
      'attention',
    ],
    ...['storeKeysValues', 'pagedAttention', 'copyBlocks', 'write', 'writeQuantized', 'writeBlocks', 'release'],
    ...['packMatrix', 'linearInputGradient', 'linearWeightGradient', 'addRowSum', 'scatterAddRows', 'padColumns'],
    ...['activateGradient', 'gateGradient', 'layerNormGradient', 'rmsNormGradient', 'softmaxGradient'],
    ...['logSoftmaxGradient', 'attentionGradient', 'crossEntropy', 'crossEntropyGradient', 'dropout', 'sumOfSquares'],
    ...['adamWStep', 'sgdStep'],
  ];
  test.each(kernels)('%s', async (op) => {
    expect(OPERATIONS).toContain(op);
    const backend = { ...createReferenceBackend(), [op]: () => undefined };
    expect(await firstFailure(backend, op)).toContain(op);
  });
});

describe('A relative error of 1e-4 in one element of each result is noticed', () => {
  const floating = [
    ...['add', 'multiply', 'scale', 'activate', 'gate', 'linear', 'layerNorm', 'rmsNorm', 'rotate', 'softmax'],
    ...[
      'logSoftmax',
      'tokenLogProbs',
      'logSumExp',
      'attention',
      'pagedAttention',
      'linearInputGradient',
      'linearWeightGradient',
    ],
    ...['addRowSum', 'scatterAddRows', 'activateGradient', 'gateGradient', 'layerNormGradient', 'rmsNormGradient'],
    ...['softmaxGradient', 'logSoftmaxGradient', 'crossEntropy', 'crossEntropyGradient', 'dropout', 'sumOfSquares'],
    ...['adamWStep', 'sgdStep'],
  ] as const;
  test.each(floating)('%s', async (op) => {
    const backend = createReferenceBackend();
    const right = backend[op as 'scale'];
    const wrong = (output: DeviceBuffer, ...inputs: [DeviceBuffer, number]) => {
      right(output, ...inputs);
      const { length } = output;
      if (length === 0) return;
      const factors = backend.allocate('float32', length);
      backend.write(factors, new Float32Array(length).fill(1));
      backend.write(factors, Float32Array.of(1.0001), length - 1);
      backend.multiply(output, output, factors);
      backend.release(factors);
    };
    const faulty: Backend = { ...backend, [op]: wrong };
    expect(await firstFailure(faulty, op)).toMatch(/element \d+ is .+, wanted .+ \(relative error .+, tolerance .+\)/);
  });
});

test('a failure names the case, the element, both numbers and the error', async () => {
  const backend = createReferenceBackend();
  const faulty: Backend = { ...backend, fill: (output, value) => backend.fill(output, value + 1) };
  expect(await firstFailure(faulty, 'fill')).toBe(
    'fill: 1 elements: element 0 is 1.100000023841858, wanted 0.10000000149011612 (relative error 1.0e+1, tolerance 0)',
  );
});

describe('Faults against the rest of the contract are noticed', () => {
  const faults: Record<string, { readonly op: string; readonly make: (backend: Backend) => Partial<Backend> }> = {
    'the caller sees the memory itself': {
      op: 'read',
      make: (backend) => {
        const arrays = new Map<DeviceBuffer, Float32Array | Int32Array>();
        return {
          async read(buffer: DeviceBuffer) {
            const numbers = arrays.get(buffer) ?? (await backend.read(buffer));
            arrays.set(buffer, numbers);
            return numbers;
          },
        };
      },
    },
    'reads wait': {
      op: 'read',
      make: (backend) => ({
        async read(buffer: DeviceBuffer) {
          await Promise.resolve();
          return backend.read(buffer);
        },
      }),
    },
    'writes keep the array of the caller': {
      op: 'write',
      make: (backend) => {
        const pending: (() => void)[] = [];
        const flush = () => {
          for (const write of pending.splice(0)) write();
        };
        return {
          write: (buffer, data, offset) => {
            pending.push(() => backend.write(buffer, data, offset));
          },
          read(buffer: DeviceBuffer) {
            flush();
            return backend.read(buffer);
          },
        };
      },
    },
    'scopes release nothing': { op: 'scope', make: () => ({ scope: (body) => body((buffer) => buffer) }) },
    'columns are taken for rows': {
      op: 'writeMatrix',
      make: (backend) => ({
        writeMatrix: (matrix, part) => backend.writeMatrix(matrix, { ...part, order: 'rows' }),
      }),
    },
    'blocks are read late': {
      op: 'readBlocks',
      make: (backend) => ({
        async readBlocks(cache, blocks) {
          await Promise.resolve();
          return backend.readBlocks(cache, blocks);
        },
      }),
    },
    'blocks are written in their own order': {
      op: 'writeBlocks',
      make: (backend) => ({
        writeBlocks: (cache, blocks, data) =>
          backend.writeBlocks(
            cache,
            blocks.toSorted((a, b) => a - b),
            data,
          ),
      }),
    },
    'memory is not counted': {
      op: 'memoryUsage',
      make: () => ({ memoryUsage: () => ({ allocatedBytes: 0, peakBytes: 0, reservedBytes: 0 }) }),
    },
    'the window is one too wide': {
      op: 'pagedAttention',
      make: (backend) => ({
        pagedAttention: (output, queries, cache, batch, { window, ...options }) =>
          backend.pagedAttention(output, queries, cache, batch, { ...options, window: window && window + 1 }),
      }),
    },
    'columns begin where the row does': {
      op: 'pagedAttention',
      make: (backend) => ({
        pagedAttention: (output, queries, cache, batch, options) =>
          backend.pagedAttention(
            output,
            'buffer' in queries ? { ...queries, start: 0 } : queries,
            cache,
            batch,
            options,
          ),
      }),
    },
    'an activation comes after the addend': {
      op: 'linear',
      make: (backend) => ({
        linear(output, input, weight, bias, { activation, addend } = {}) {
          backend.linear(output, input, weight, bias, { addend });
          if (activation !== undefined) backend.activate(output, output, activation);
        },
      }),
    },
    'the addend of a linear layer is forgotten': {
      op: 'linear',
      make: (backend) => ({
        linear: (output, input, weight, bias, epilogue) =>
          backend.linear(output, input, weight, bias, { ...epilogue, addend: undefined }),
      }),
    },
    'a position bias is forgotten': {
      op: 'pagedAttention',
      make: (backend) => ({
        pagedAttention: (output, queries, cache, batch, options) =>
          backend.pagedAttention(output, queries, cache, batch, { ...options, positionBias: undefined }),
      }),
    },
    'the gradient of a position bias is written where it is added to': {
      op: 'attentionGradient',
      make: (backend) => ({
        attentionGradient(gradients, ...rest) {
          if (gradients.positionBiasGrad !== undefined) backend.fill(gradients.positionBiasGrad, 0);
          backend.attentionGradient(gradients, ...rest);
        },
      }),
    },
    'a gradient is written where it is added to': {
      op: 'linearWeightGradient',
      make: (backend) => ({
        linearWeightGradient(weightGrad, ...rest) {
          backend.fill(weightGrad, 0);
          backend.linearWeightGradient(weightGrad, ...rest);
        },
      }),
    },
    'the gradient of the keys is forgotten': {
      op: 'attentionGradient',
      make: (backend) => ({
        attentionGradient(gradients, ...rest) {
          const keyGrad = backend.allocate('float32', gradients.keyGrad.length);
          backend.attentionGradient({ ...gradients, keyGrad }, ...rest);
          backend.release(keyGrad);
        },
      }),
    },
    'a gradient of attention is a little off': {
      op: 'attentionGradient',
      make: (backend) => ({
        attentionGradient(gradients, ...rest) {
          backend.attentionGradient(gradients, ...rest);
          backend.scale(gradients.valueGrad, gradients.valueGrad, 1.0001);
        },
      }),
    },
    'a gradient that is not asked for changes another': {
      op: 'layerNormGradient',
      make: (backend) => ({
        layerNormGradient(inputGrad, gradients, ...rest) {
          backend.layerNormGradient(inputGrad, gradients, ...rest);
          if (gradients.biasGrad === undefined) backend.scale(inputGrad, inputGrad, 1 + 2 ** -23);
        },
      }),
    },
    'the length of the batch changes the numbers': {
      op: 'linear',
      make: (backend) => ({
        linear(output, input, weight, bias) {
          backend.linear(output, input, weight, bias);
          if (input.length / weight.columns > 1) backend.scale(output, output, 1 + 2 ** -23);
        },
      }),
    },
  };
  test.each(Object.entries(faults))('%s', async (_, { op, make }) => {
    const backend = createReferenceBackend();
    expect(await firstFailure({ ...backend, ...make(backend) }, op)).toBeDefined();
  });
});
