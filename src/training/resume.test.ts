import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testBackends } from '../../test/test-backends.ts';
import { type TinyDataKind, tinyData, tinyModel, weightsOf } from '../../test/tiny-training.ts';
import type { Backend } from '../backend/backend.ts';
import { createReferenceBackend } from '../backends/reference/reference-backend.ts';
import { createBackend } from '../create-backend.ts';
import type { CausalLM } from '../models/causal-lm.ts';
import { CheckpointError } from './checkpoint-error.ts';
import { latestCheckpoint } from './checkpoint-folder.ts';
import { train } from './train.ts';
import { Trainer } from './trainer.ts';
import type { TrainerOptions } from './trainer-options.ts';
import type { TrainingEvent } from './training-events.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvasir-resume-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const MAX_STEPS = 6;
/** Before the first checkpoint, right after it, where the next is due, after that; one is written each two steps. */
const KILL_POINTS = [1, 3, 4, 5];

interface Variant {
  readonly data?: TinyDataKind;
  readonly options?: Partial<TrainerOptions>;
}

const VARIANTS: Readonly<Record<string, Variant>> = {
  'AdamW, windows': {},
  'accumulation, dropout, documents': {
    data: 'documents',
    options: { gradientAccumulation: 3, dropout: 0.2, seed: 2 ** 40 + 5, recompute: true },
  },
  'SGD, mixture, cosine, smoothing': {
    data: 'mixture',
    options: {
      optimizer: { kind: 'sgd', weightDecay: 0.01 },
      schedule: { kind: 'cosine', warmupSteps: 2, minRatio: 0.1 },
      labelSmoothing: 0.1,
      zLoss: 1e-3,
      gradientAccumulation: 2,
    },
  },
  'some parameters frozen, file of bfloat16': {
    options: { isTrained: (path) => path.startsWith('layers.1') || path.endsWith('.bias') },
  },
};

async function optionsOf(backend: Backend, { data, options }: Variant, weightSeed = 1): Promise<TrainerOptions> {
  const model = await tinyModel(backend, weightSeed);
  return { model, data: await tinyData(data), maxSteps: MAX_STEPS, learningRate: 1e-2, ...options };
}

describe.each(Object.keys(testBackends))('%s backend', (backendName) => {
  const opened = testBackends[backendName]!();
  afterAll(async () => (await opened).dispose());

  const cases = Object.keys(VARIANTS).flatMap((name) => KILL_POINTS.map((killedAt) => ({ name, killedAt })));

  test.each(cases)('$name: killed in step $killedAt and resumed, it ends with the same bits', async (one) => {
    const [backend, variant, { killedAt }] = [await opened, VARIANTS[one.name]!, one];
    const whole = await trainTiny(await optionsOf(backend, variant));

    // Killed at once, before a checkpoint of the step is written: only what is on the disk remains.
    const checkpoints = { folder, every: 2, dtype: 'bfloat16' } as const;
    const first = await Trainer.create({ ...(await optionsOf(backend, variant)), checkpoints });
    for await (const event of first.run()) if (event.kind === 'step' && event.step === killedAt) break;
    first.dispose();

    const resume = await latestCheckpoint(folder);
    const isPartlyFrozen = variant.options?.isTrained !== undefined;
    const options = await optionsOf(backend, variant, isPartlyFrozen || resume === undefined ? 1 : 77);
    const rest = await trainTiny({ ...options, resume });
    expect(rest.losses).toEqual(whole.losses.slice(2 * Math.floor((killedAt - 1) / 2)));
    expect(rest.weights).toEqual(whole.weights);
  });
});

/** The losses of all steps, and the weights in the end. */
async function trainTiny(options: TrainerOptions) {
  const losses: number[] = [];
  const onEvent = (event: TrainingEvent) => void (event.kind === 'step' && losses.push(event.loss));
  expect(await train({ ...options, onEvent })).toMatchObject({ reason: 'finished', step: MAX_STEPS });
  return { losses, weights: await weightsOf(options.model as CausalLM) };
}

test('a training goes on with the same bits on another number of threads', async () => {
  const variant = VARIANTS['accumulation, dropout, documents']!;
  const [one, two] = await Promise.all([1, 2].map((threads) => createBackend({ device: 'wasm', threads })));
  const whole = await optionsOf(one!, variant);
  await train(whole);
  const { checkpoint } = await train({ ...(await optionsOf(two!, variant)), maxSteps: 3, checkpoints: { folder } });
  for (const backend of [one!, two!]) {
    const rest = await optionsOf(backend, variant, 5);
    await train({ ...rest, resume: checkpoint });
    expect(await weightsOf(rest.model as CausalLM)).toEqual(await weightsOf(whole.model as CausalLM));
  }
  await Promise.all([one!.dispose(), two!.dispose()]);
});

describe('What a checkpoint refuses', () => {
  const backend = createReferenceBackend();

  /** The folder of a checkpoint after two steps, and what it was trained with. */
  async function trained(changes: Partial<TrainerOptions> = {}) {
    const options = { ...(await optionsOf(backend, {})), ...changes };
    const result = await train({ ...options, maxSteps: 2, checkpoints: { folder } });
    return { options, resume: result.checkpoint! };
  }

  test.each<[string, () => Promise<Partial<TrainerOptions>>, string]>([
    ['learning rate', async () => ({ learningRate: 0.5 }), 'settings.learningRate was 0.01 and is 0.5'],
    ['seed', async () => ({ seed: 1 }), 'settings.seed was 0 and is 1'],
    ['optimizer', async () => ({ optimizer: { kind: 'sgd' } }), 'settings.optimizer.kind was "adamw" and is "sgd"'],
    ['data', async () => ({ data: await tinyData('windows', 4) }), 'data.seed was 3 and is 4'],
    [
      'parameters',
      async () => ({ isTrained: (path: string) => path !== 'finalNorm.bias' }),
      'target.trained.finalNorm.bias was "vector" and is nothing',
    ],
  ])('another %s', async (_, changes, problem) => {
    const { options, resume } = await trained();
    const before = backend.memoryUsage().allocatedBytes;
    const wrong = train({ ...options, ...(await changes()), resume });
    await expect(wrong).rejects.toThrow(CheckpointError);
    await expect(wrong).rejects.toThrow(`Cannot resume from ${resume}: it is of another training: ${problem}`);
    expect(backend.memoryUsage().allocatedBytes).toBe(before);
  });

  test('a model with other frozen weights', async () => {
    const isTrained = (path: string) => path.startsWith('layers.1');
    const { options, resume } = await trained({ isTrained });
    const model = await tinyModel(backend, 2);
    await expect(train({ ...options, model, resume })).rejects.toThrow('of another training: target.frozen was');
  });

  test('tensors and a state that are damaged, anywhere', async () => {
    const { options, resume } = await trained();
    const before = await weightsOf(options.model as CausalLM);
    for (const name of ['tensors.safetensors', 'state.json']) {
      const location = join(resume, 'training-state', name);
      const whole = readFileSync(location);
      for (let i = 3; i < whole.length; i += Math.ceil(whole.length / 60)) {
        const damaged = Buffer.from(whole);
        damaged[i]! ^= 1;
        writeFileSync(location, damaged);
        // White space of the JSON may change and mean the same.
        const error = await train({ ...options, maxSteps: 2, resume }).catch((error: unknown) => error);
        if (name === 'tensors.safetensors' || /\S/.test(String.fromCharCode(damaged[i]!, whole[i]!)))
          expect(error, `${name}, byte ${i}`).toBeInstanceOf(Error);
      }
      writeFileSync(location, whole.subarray(0, whole.length - 9));
      await expect(train({ ...options, resume })).rejects.toThrow(`Cannot resume from ${resume}: `);
      rmSync(location);
      await expect(train({ ...options, resume })).rejects.toThrow(`Cannot resume from ${resume}: `);
      writeFileSync(location, whole);
    }
    expect(await weightsOf(options.model as CausalLM)).toEqual(before);
  });

  test('a folder that is no checkpoint', async () => {
    const options = await optionsOf(backend, {});
    await expect(train({ ...options, resume: folder })).rejects.toThrow(`Cannot resume from ${folder}: it has no`);
  });
});

test('a training can be resumed to make more steps', async () => {
  const backend = createReferenceBackend();
  const whole = await optionsOf(backend, {});
  await train(whole);
  const part = await optionsOf(backend, {});
  const { checkpoint } = await train({ ...part, maxSteps: 4, checkpoints: { folder } });
  const rest = await optionsOf(backend, {}, 9);
  await train({ ...rest, resume: checkpoint });
  expect(await weightsOf(rest.model as CausalLM)).toEqual(await weightsOf(whole.model as CausalLM));
});
