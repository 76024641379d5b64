import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testBackends } from '../../test/test-backends.ts';
import { tinyData, tinyEvaluationData, tinyModel, weightsOf } from '../../test/tiny-training.ts';
import { adapterFingerprint } from '../adapters/adapter-fingerprint.ts';
import { type LoraAdapter, loadAdapter } from '../adapters/lora-adapter.ts';
import type { Backend } from '../backend/backend.ts';
import type { CausalLM } from '../models/causal-lm.ts';
import { latestCheckpoint } from './checkpoint-folder.ts';
import { evaluateLoss } from './evaluate-loss.ts';
import { createLora, type LoraOptions } from './lora.ts';
import { createLoraTarget } from './lora-target.ts';
import { train } from './train.ts';
import type { TrainerOptions } from './trainer-options.ts';
import type { TrainingEvent } from './training-events.ts';
import type { TrainingTarget } from './training-target.ts';

const LORA: LoraOptions = { rank: 4, targets: ['c_attn', 'mlp.c_proj'], dropout: 0.25, seed: 1 };
const SETTINGS = { learningRate: 2e-2, gradientAccumulation: 2, dropout: 0.1, recompute: true } as const;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvasir-lora-target-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Parts {
  readonly model: CausalLM;
  readonly adapter: LoraAdapter;
  readonly target: TrainingTarget;
}

async function begin(backend: Backend, options = LORA): Promise<Parts> {
  const model = await tinyModel(backend);
  const adapter = await createLora(model, options);
  return { model, adapter, target: await createLoraTarget(model, adapter) };
}

/** Trains, and gives the losses of the steps. */
async function losses({ target }: Parts, more: Partial<TrainerOptions>): Promise<readonly number[]> {
  const seen: number[] = [];
  const onEvent = (event: TrainingEvent) => void (event.kind === 'step' && seen.push(event.loss));
  await train({ model: target, data: await tinyData('documents'), maxSteps: 8, ...SETTINGS, ...more, onEvent });
  return seen;
}

function release({ model, adapter, target }: Parts): void {
  target.trained.release();
  adapter.release();
  model.dispose();
}

describe.each(Object.keys(testBackends))('an adapter trained on %s', (backendName) => {
  const opened = testBackends[backendName]!();
  afterAll(async () => (await opened).dispose());

  test('the trainer trains it alone: the data are learned, and the model is as it was', async () => {
    const backend = await opened;
    const before = backend.memoryUsage().allocatedBytes;
    const parts = await begin(backend, { ...LORA, targets: 'all-linear' });
    const { model, adapter } = parts;
    const data = await tinyEvaluationData();
    const untouched = await weightsOf(model);
    const atFirst = await evaluateLoss(model, data, { adapter });
    expect(atFirst.loss).toBe((await evaluateLoss(model, data)).loss);
    await losses(parts, { maxSteps: 16, learningRate: 0.1, dropout: 0 });
    const trained = await evaluateLoss(model, data, { adapter });
    expect(trained.loss).toBeLessThan(atFirst.loss - 0.02);
    expect((await evaluateLoss(model, data)).loss).toBe(atFirst.loss);
    expect(await weightsOf(model)).toEqual(untouched);
    release(parts);
    expect(backend.memoryUsage().allocatedBytes).toBe(before);
  });

  test('a training that goes on from a checkpoint ends with the same bits; a checkpoint is an adapter', async () => {
    const backend = await opened;
    const whole = await begin(backend);
    const wanted = await losses(whole, {});
    const first = await begin(backend);
    const checkpoints = { folder: join(folder, 'run'), every: 3 };
    await losses(first, { checkpoints, maxSteps: 5 });
    const resume = await latestCheckpoint(checkpoints.folder);
    const second = await begin(backend);
    expect(await losses(second, { checkpoints, resume })).toEqual(wanted.slice(5));
    expect(await adapterFingerprint(second.adapter)).toBe(await adapterFingerprint(whole.adapter));
    const saved = await loadAdapter(whole.model, (await latestCheckpoint(checkpoints.folder))!);
    expect(await adapterFingerprint(saved)).toBe(await adapterFingerprint(whole.adapter));
    saved.release();

    const other = await begin(backend, { ...LORA, alpha: 3 });
    const last = await latestCheckpoint(checkpoints.folder);
    await expect(losses(other, { checkpoints, resume: last })).rejects.toThrow(/alpha/);
    for (const parts of [whole, first, second, other]) release(parts);
  });

  test('its dropout is drawn anew in each step, also where the model has none, and not in evaluations', async () => {
    const backend = await opened;
    const [dropping, keeping] = [await begin(backend), await begin(backend, { ...LORA, dropout: 0 })];
    const more = { dropout: 0, maxSteps: 4, learningRate: 0.1 };
    // B is zeros at first, so that dropout begins to show in the second step.
    const [with25, without] = [await losses(dropping, more), await losses(keeping, more)];
    expect(with25[0]).toBe(without[0]);
    expect(with25.slice(1)).not.toEqual(without.slice(1));
    const data = await tinyEvaluationData();
    const evaluation = { data, every: 1 };
    const evaluated: number[] = [];
    await train({
      ...{ model: dropping.target, data, maxSteps: 1, learningRate: 1e-9, evaluation },
      onEvent: (event) => void (event.kind === 'evaluation' && evaluated.push(event.loss)),
    });
    expect(evaluated[0]).toBeCloseTo((await evaluateLoss(dropping.model, data, { adapter: dropping.adapter })).loss, 6);
    for (const parts of [dropping, keeping]) release(parts);
  });
});
