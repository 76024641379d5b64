import { afterAll, describe, expect, test } from 'vitest';
import { batchOfSequences } from '../../test/batch-of-sequences.ts';
import { goldenNames, goldenPath, readGoldenJson, readGoldenTensors, relativeError } from '../../test/goldens.ts';
import { testBackends } from '../../test/test-backends.ts';
import { backward } from '../autograd/backward.ts';
import { transposed } from '../base/transposed.ts';
import { expectCausal } from '../models/language-model.ts';
import { loadModel } from '../models/load-model.ts';
import { Tensor } from '../tensor/tensor.ts';
import { tokenLosses } from '../training/token-losses.ts';
import { TrainedParameters } from '../training/trained-parameters.ts';
import { adapterTensors } from './adapter-tensors.ts';
import { loadMergedModel } from './load-merged-model.ts';
import { loadAdapter } from './lora-adapter.ts';

interface Golden {
  readonly model: string;
  readonly promptIds: readonly number[];
  readonly batch: readonly (readonly number[])[];
  readonly loss: number;
}

describe.each(Object.keys(testBackends))('%s backend: adapters against PEFT', (backendName) => {
  const opened = testBackends[backendName]!();
  afterAll(async () => (await opened).dispose());

  test.each(goldenNames('lora'))('%s: logits with the adapter beside the model', async (name) => {
    const backend = await opened;
    const golden = readGoldenJson<Golden>('lora', name, 'golden.json');
    const wanted = await readGoldenTensors('lora', name, 'golden.safetensors');
    const before = backend.memoryUsage().allocatedBytes;
    const model = await loadModel(backend, goldenPath('models', golden.model));
    const alone = await model.forward({ inputIds: golden.promptIds, maxLength: 32 });
    const adapter = await loadAdapter(model, goldenPath('lora', name));
    const adapted = await model.forward({ inputIds: golden.promptIds, maxLength: 32, adapter });
    expect(relativeError(alone.logits.data, wanted.get('logits')!)).toBeGreaterThan(0.1);
    expect(relativeError(adapted.logits.data, wanted.get('logits')!)).toBeLessThan(1e-5);
    adapter.release();
    const again = await model.forward({ inputIds: golden.promptIds, maxLength: 32 });
    expect(again.logits.data).toEqual(alone.logits.data);
    for (const { pastKeyValues } of [alone, adapted, again]) pastKeyValues.dispose();
    model.dispose();
    expect(backend.memoryUsage().allocatedBytes).toBe(before);
  });

  test.each(goldenNames('lora'))('%s: logits and weights with the adapter merged', async (name) => {
    const backend = await opened;
    const golden = readGoldenJson<Golden>('lora', name, 'golden.json');
    const wanted = await readGoldenTensors('lora', name, 'golden.safetensors');
    const mergeAdapter = goldenPath('lora', name);
    const merged = await loadMergedModel(backend, goldenPath('models', golden.model), { mergeAdapter });
    const model = expectCausal(merged, 'compare logits');
    const { logits, pastKeyValues } = await model.forward({ inputIds: golden.promptIds, maxLength: 32 });
    expect(relativeError(logits.data, wanted.get('logits')!)).toBeLessThan(1e-5);
    pastKeyValues.dispose();
    const adapter = await loadAdapter(model, mergeAdapter);
    for (const { path, module, isTransposed, inputs } of adapter.targeted) {
      const values = await model.parameters.weight(`${path}.weight`).read();
      const stored = isTransposed ? transposed(values, inputs) : values;
      expect(relativeError(stored, wanted.get(`merged.${module}.weight`)!)).toBeLessThan(1e-7);
    }
    expect(adapter.targeted).toHaveLength(wanted.size - 1);
    adapter.release();
    model.dispose();
  });

  test.each(goldenNames('lora'))('%s: loss and the gradients of A and B', async (name) => {
    const backend = await opened;
    const golden = readGoldenJson<Golden>('lora', name, 'golden.json');
    const wanted = await readGoldenTensors('lora', name, 'gradients.safetensors');
    const model = await loadModel(backend, goldenPath('models', golden.model));
    const adapter = await loadAdapter(model, goldenPath('lora', name));
    const trained = await TrainedParameters.create(adapter.parameters);
    const batch = batchOfSequences(golden.batch);
    for (const recompute of [false, true]) {
      trained.clearGradients();
      const options = { smoothing: 0, zLoss: 0, recompute, adapter: { adapter } };
      const losses = await backend.scope(() => {
        const losses = tokenLosses(model.transformer, backend, batch, options);
        backward(
          losses,
          Tensor.from(
            backend,
            batch.lossWeights.map((weight) => weight / batch.targetIds.length),
          ),
        );
        return losses.read() as Promise<Float32Array>;
      });
      expect(losses.reduce((sum, loss) => sum + loss, 0) / losses.length).toBeCloseTo(golden.loss, 5);
      const errors: Record<string, number> = {};
      for (const { name: key, path } of adapterTensors(adapter.targeted, adapter.config.rank)) {
        const { gradient } = trained.list.find((parameter) => parameter.path === path)!;
        errors[key] = relativeError((await gradient.read()) as Float32Array, wanted.get(key)!);
      }
      expect(Object.keys(errors).sort()).toEqual([...wanted.keys()].sort());
      expect(Math.max(...Object.values(errors)), JSON.stringify(errors)).toBeLessThan(1e-4);
    }
    trained.release();
    adapter.release();
    model.dispose();
  });
});
