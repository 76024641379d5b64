import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { batchOfSequences } from '../../test/batch-of-sequences.ts';
import { goldenPath, readGoldenJson } from '../../test/goldens.ts';
import { adapterFingerprint } from '../adapters/adapter-fingerprint.ts';
import { type LoraAdapter, loadAdapter } from '../adapters/lora-adapter.ts';
import { saveAdapter } from '../adapters/save-adapter.ts';
import { backward } from '../autograd/backward.ts';
import type { Backend } from '../backend/backend.ts';
import { createReferenceBackend } from '../backends/reference/reference-backend.ts';
import type { CausalLM } from '../models/causal-lm.ts';
import { loadModel } from '../models/load-model.ts';
import type { Dropout } from '../nn/dropout.ts';
import { dropout } from '../ops/elementwise.ts';
import { Tensor } from '../tensor/tensor.ts';
import { createLora, type LoraOptions } from './lora.ts';
import { tokenLosses } from './token-losses.ts';
import { TrainedParameters } from './trained-parameters.ts';

const { batch: sequences } = readGoldenJson<{ batch: number[][] }>('lora', 'llama-gqa', 'golden.json');
const batch = batchOfSequences(sequences);
const IDS = [1, 5, 9, 2];

let backend: Backend;
let model: CausalLM;
beforeAll(async () => {
  backend = createReferenceBackend();
  model = await loadModel(backend, goldenPath('models', 'llama-gqa'));
});
afterAll(() => backend.dispose());

/** The mean loss of the batch, with the gradients added; of the adapter unless it is left out. */
async function lossOf(adapter: LoraAdapter, drop?: Dropout): Promise<number> {
  const losses = await backend.scope(() => {
    const options = { smoothing: 0, zLoss: 0, adapter: { adapter, dropout: drop } };
    const losses = tokenLosses(model.transformer, backend, batch, options);
    const shares = batch.lossWeights.map((weight) => weight / batch.lossWeights.length);
    backward(losses, Tensor.from(backend, shares));
    return losses.read() as Promise<Float32Array>;
  });
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

async function logitsOf(adapter?: LoraAdapter): Promise<readonly number[]> {
  const { logits, pastKeyValues } = await model.forward({ inputIds: IDS, maxLength: 16, adapter });
  pastKeyValues.dispose();
  return Array.from(logits.data, (value) => value + 0); // no −0
}

test('a new adapter changes nothing; A is within ±1/√inputs, the same for the same seed', async () => {
  const adapter = await createLora(model, { rank: 3, seed: 5 });
  expect(await logitsOf(adapter)).toEqual(await logitsOf());
  for (const { path, inputs, outputs } of adapter.targeted) {
    const a = adapter.parameters.weight(`${path}.loraA`);
    expect(a.shape).toEqual([3, inputs]);
    expect(adapter.parameters.weight(`${path}.loraB`).shape).toEqual([outputs, 3]);
    const values = await a.read();
    const share = Array.from(values, (value) => Math.abs(value) * Math.sqrt(inputs));
    expect(Math.max(...share)).toBeLessThanOrEqual(1);
    expect(Math.max(...share)).toBeGreaterThan(0.8);
    expect(new Set(values).size).toBe(values.length);
  }
  const [same, other] = [await createLora(model, { rank: 3, seed: 5 }), await createLora(model, { rank: 3, seed: 6 })];
  expect(await adapterFingerprint(same)).toBe(await adapterFingerprint(adapter));
  expect(await adapterFingerprint(other)).not.toBe(await adapterFingerprint(adapter));
  expect(adapter.config).toMatchObject({
    alpha: 6,
    dropout: 0,
    targets: expect.arrayContaining(['q_proj', 'down_proj']),
  });
  for (const one of [adapter, same, other]) one.release();
});

test('only the adapter is trained: the loss falls, the model stays, and what is saved is what was trained', async () => {
  const before = backend.memoryUsage().allocatedBytes;
  const untouched = await logitsOf();
  const adapter = await createLora(model, { rank: 4, targets: ['q_proj', 'v_proj', 'up_proj'] });
  const trained = await TrainedParameters.create(adapter.parameters);
  expect(trained.list.map(({ path }) => path)).toContain('layers.1.mlp.up.loraB');
  const losses: number[] = [];
  for (let step = 0; step < 12; step++) {
    trained.clearGradients();
    losses.push(await lossOf(adapter));
    const settings = { learningRate: 0.1, momentum: 0, weightDecay: 0, gradientScale: 1 };
    for (const { values, gradient } of trained.list) {
      const velocity = Tensor.zeros(backend, values.shape);
      backend.sgdStep(values.buffer, velocity.buffer, gradient.buffer, settings);
      velocity.release();
    }
    trained.apply();
  }
  for (const [i, loss] of losses.slice(1).entries()) expect(loss).toBeLessThan(losses[i]!);
  expect(losses.at(-1)!).toBeLessThan(losses[0]! - 0.1);
  expect(await logitsOf()).toEqual(untouched);

  const folder = await mkdtemp(join(tmpdir(), 'kvasir-lora-'));
  await saveAdapter(adapter, folder);
  const loaded = await loadAdapter(model, folder);
  expect(await logitsOf(loaded)).toEqual(await logitsOf(adapter));
  await rm(folder, { recursive: true });
  trained.release();
  loaded.release();
  adapter.release();
  expect(backend.memoryUsage().allocatedBytes).toBe(before);
});

test('no graph is built before the first adapter', async () => {
  const adapter = await createLora(model, { targets: ['layers.1.mlp.up_proj'] });
  const trained = await TrainedParameters.create(adapter.parameters);
  const hasOrigin = new Map<string, boolean>();
  backend.scope(() => {
    model.transformer.forward({
      tokenIds: Tensor.from(backend, batch.tokenIds),
      positions: batch.positions,
      context: {
        kind: 'whole',
        spans: batch.spans.map(({ start, length }) => ({
          ...{ queryStart: start, queryLength: length, keyStart: start, keyLength: length },
        })),
      },
      logitRows: undefined,
      observe: (path, tensor) => hasOrigin.set(path, tensor.origin !== undefined),
      adapters: [{ adapter, rows: undefined }],
    });
  });
  expect(Object.fromEntries(hasOrigin)).toMatchObject({
    ...{ embedding: false, 'layers.0': false, 'layers.1.attention': false, 'layers.1.mlp': true, finalNorm: true },
  });
  trained.release();
  adapter.release();
});

test('dropout is of the inputs of the low-rank products, each at its own site', async () => {
  const adapter = await createLora(model, { targets: ['q_proj', 'v_proj'], dropout: 0.5 });
  const trained = await TrainedParameters.create(adapter.parameters);
  const sites: string[] = [];
  const gradientsWith = async (drop?: Dropout) => {
    trained.clearGradients();
    await lossOf(adapter, drop);
    return (await trained.list[1]!.gradient.read()) as Float32Array;
  };
  const drop: Dropout = (input, site) => {
    sites.push(site);
    return dropout(input, { seed: sites.length % 2, rate: 0.5 });
  };
  expect(await gradientsWith(drop)).not.toEqual(await gradientsWith());
  expect(sites).toEqual([0, 1].flatMap((i) => [`layers.${i}.attention.query`, `layers.${i}.attention.value`]));
  trained.release();
  adapter.release();
});

describe('refuses', () => {
  test.each<[LoraOptions, string]>([
    [{ rank: 0 }, 'rank is 0, wanted a whole number of at least 1'],
    [{ rank: 1.5 }, 'rank is 1.5'],
    [{ alpha: 0 }, 'alpha is 0, wanted a number above 0'],
    [{ dropout: 1 }, 'dropout is 1, wanted a number from 0 to below 1'],
    [{ seed: -1 }, 'seed is -1, wanted a whole number of at least 0'],
    [{ targets: ['q'] }, 'the target modules ["q"] name no linear layer of the model; it has q_proj'],
    [{ targets: ['q_proj', 'lm_head'] }, 'the target modules ["lm_head"] name no linear layer of the model'],
    [{ targets: [] }, 'the target modules [] name no linear layer of the model'],
    [{ target: ['q'] } as LoraOptions, 'unknown option "target", did you mean "targets"?'],
  ])('%o', async (options, message) => {
    await expect(createLora(model, options)).rejects.toThrow(`Cannot make an adapter: ${message}`);
  });
});
