import { afterAll, describe, expect, test } from 'vitest';
import { batchOfSequences } from '../../test/batch-of-sequences.ts';
import { goldenNames, goldenPath, readGoldenJson, readGoldenTensors, relativeError } from '../../test/goldens.ts';
import { testBackends } from '../../test/test-backends.ts';
import { backward } from '../autograd/backward.ts';
import { describeModel, loadModel } from '../models/load-model.ts';
import { storedName } from '../models/parameter-spec.ts';
import { Tensor } from '../tensor/tensor.ts';
import { tokenLosses } from './token-losses.ts';
import { TrainedParameters } from './trained-parameters.ts';

interface Golden {
  readonly batches: readonly (readonly (readonly number[])[])[];
  readonly loss: number;
}

const TOLERANCE = 1e-4;

describe.each(Object.keys(testBackends))('%s backend: gradients against PyTorch', (backendName) => {
  const opened = testBackends[backendName]!();
  afterAll(async () => (await opened).dispose());

  test.each(goldenNames('gradients'))('%s: loss and the gradient of every parameter', async (name) => {
    const backend = await opened;
    const golden = readGoldenJson<Golden>('gradients', name, 'golden.json');
    const wanted = await readGoldenTensors('gradients', name, 'gradients.safetensors');
    const { naming } = await describeModel(goldenPath('models', name));
    const before = backend.memoryUsage().allocatedBytes;
    const model = await loadModel(backend, goldenPath('models', name), { dtype: 'float32' });
    const trained = await TrainedParameters.create(model.parameters);

    for (const recompute of [false, true]) {
      trained.clearGradients();
      const batch = batchOfSequences(golden.batches[0]!);
      const losses = backend.scope(() => {
        const losses = tokenLosses(model.transformer, backend, batch, { smoothing: 0, zLoss: 0, recompute });
        const share = batch.lossWeights.map((weight) => weight / batch.targetIds.length);
        backward(losses, Tensor.from(backend, share));
        return losses.read();
      });
      const mean = ((await losses) as Float32Array).reduce((sum, loss) => sum + loss, 0) / batch.targetIds.length;
      expect(mean).toBeCloseTo(golden.loss, 5);
      const errors: Record<string, number> = {};
      for (const { path, values, gradient } of trained.list) {
        const { name: stored, isTransposed } = storedName(path, naming);
        const key = [...wanted.keys()].find((key) => stored.endsWith(key) || key.endsWith(stored));
        if (key === undefined) continue;
        const [rows, columns = 1] = values.shape as [number, number?];
        const got = (await gradient.read()) as Float32Array;
        errors[stored] = relativeError(isTransposed ? transposed(got, rows, columns) : got, wanted.get(key)!);
      }
      expect(Object.keys(errors)).toHaveLength(wanted.size);
      const tooFar = Object.entries(errors).filter(([, error]) => !(error < TOLERANCE));
      expect(tooFar, JSON.stringify(errors)).toEqual([]);
    }

    trained.release();
    model.dispose();
    expect(backend.memoryUsage().allocatedBytes).toBe(before);
  });
});

function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from(values, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!);
}
