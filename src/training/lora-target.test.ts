import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { testBackends } from '../../test/test-backends.ts';
import { tinyData, tinyModel, weightsOf } from '../../test/tiny-training.ts';
import { adapterFingerprint } from '../adapters/adapter-fingerprint.ts';
import { loadAdapter } from '../adapters/lora-adapter.ts';
import type { Backend } from '../backend/backend.ts';
import { latestCheckpoint } from './checkpoint-folder.ts';
import { createLora, type LoraOptions } from './lora.ts';
import { createLoraTarget } from './lora-target.ts';
import { train } from './train.ts';
import { Trainer } from './trainer.ts';
import type { TrainerOptions } from './trainer-options.ts';

const folder = temporaryFolder();
const LORA: LoraOptions = { rank: 2, targets: ['c_attn', 'c_fc'], dropout: 0.25, seed: 4 };

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

async function setUp(backend: Backend, lora = LORA, weightSeed = 1) {
  const model = await tinyModel(backend, weightSeed);
  const adapter = await createLora(model, lora);
  const target = await createLoraTarget(model, adapter);
  const options: TrainerOptions = { model: target, data: await tinyData(), maxSteps: 6, learningRate: 5e-2 };
  const release = () => {
    target.trained.release();
    adapter.release();
    model.dispose();
  };
  return { model, adapter, options, release };
}

describe.each(Object.keys(testBackends))('%s backend', (backendName) => {
  const opened = testBackends[backendName]!();
  afterAll(async () => (await opened).dispose());

  test('the adapter is trained and the model stays; a checkpoint is the adapter', async () => {
    const { model, adapter, options, release } = await setUp(await opened);
    const before = await weightsOf(model);
    const losses: number[] = [];
    const checkpoints = { folder: folder.path('run') };
    const { checkpoint } = await train({
      ...{ ...options, maxSteps: 40, checkpoints },
      onEvent: (event) => void (event.kind === 'step' && losses.push(event.loss)),
    });
    // Embeddings are frozen, and those of a new model are small: there is not much to gain.
    expect(mean(losses.slice(-10))).toBeLessThan(mean(losses.slice(0, 10)) - 0.005);
    expect(await weightsOf(model)).toEqual(before);
    const loaded = await loadAdapter(model, checkpoint!);
    expect(await adapterFingerprint(loaded)).toBe(await adapterFingerprint(adapter));
    loaded.release();
    release();
  });

  test('a training that is killed and resumed ends with the same bits, dropout of the adapter included', async () => {
    const backend = await opened;
    const whole = await setUp(backend);
    await train(whole.options);
    const wanted = await adapterFingerprint(whole.adapter);
    whole.release();
    const checkpoints = { folder: folder.path('run'), every: 2 };
    const first = await setUp(backend);
    const trainer = await Trainer.create({ ...first.options, checkpoints });
    for await (const event of trainer.run()) if (event.kind === 'step' && event.step === 5) break;
    trainer.dispose();
    first.release();

    const second = await setUp(backend);
    const { step } = await train({
      ...second.options,
      checkpoints,
      resume: (await latestCheckpoint(checkpoints.folder))!,
    });
    expect(step).toBe(6);
    expect(await adapterFingerprint(second.adapter)).toBe(wanted);
    second.release();
  });

  test('dropout of the adapter changes what is learned', async () => {
    const fingerprints = [];
    for (const dropout of [0, 0.25]) {
      const { adapter, options, release } = await setUp(await opened, { ...LORA, dropout });
      await train(options);
      fingerprints.push(await adapterFingerprint(adapter));
      release();
    }
    expect(fingerprints[0]).not.toBe(fingerprints[1]);
  });

  test('a checkpoint of another adapter or model is refused, saying what differs', async () => {
    const backend = await opened;
    const checkpoints = { folder: folder.path('run') };
    const first = await setUp(backend);
    await train({ ...first.options, maxSteps: 1, checkpoints });
    first.release();
    const resume = join(checkpoints.folder, 'step-00000001');
    for (const [lora, weightSeed, message] of [
      [{ ...LORA, rank: 3 }, 1, 'target.adapter.rank was 2 and is 3'],
      [LORA, 2, 'target.frozen was "'],
    ] as const) {
      const { options, release } = await setUp(backend, lora, weightSeed);
      await expect(train({ ...options, checkpoints, resume })).rejects.toThrow(message);
      release();
    }
  });
});
