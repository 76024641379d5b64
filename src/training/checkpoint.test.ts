import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { platform } from '#platform';
import { goldenPath } from '../../test/goldens.ts';
import { tinyData, tinyDescription, tinyEvaluationData, tinyModel, weightsOf } from '../../test/tiny-training.ts';
import { createReferenceBackend } from '../backends/reference/reference-backend.ts';
import { openSafetensors } from '../formats/safetensors.ts';
import type { CausalLM } from '../models/causal-lm.ts';
import { describeModel, loadModel } from '../models/load-model.ts';
import { latestCheckpoint } from './checkpoint-folder.ts';
import { train } from './train.ts';
import type { CheckpointOptions, TrainerOptions } from './trainer-options.ts';

const backend = createReferenceBackend();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvasir-checkpoint-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

async function optionsOf(
  checkpoints: Partial<CheckpointOptions> = {},
  changes: Partial<TrainerOptions> & { readonly model?: CausalLM } = {},
) {
  const model = await tinyModel(backend);
  const options = { model, data: await tinyData(), maxSteps: 5, learningRate: 1e-2 };
  return { ...options, checkpoints: { folder, ...checkpoints }, ...changes };
}

const names = () => readdirSync(folder).toSorted();
const stepNames = (...steps: readonly number[]) => steps.map((step) => `step-${String(step).padStart(8, '0')}`);

describe('The folder of a checkpoint', () => {
  test('is a model that can be loaded', async () => {
    const options = await optionsOf();
    const { checkpoint } = await train(options);
    expect(checkpoint).toBe(join(folder, 'step-00000005'));
    expect(readdirSync(checkpoint!).toSorted()).toEqual(['config.json', 'model.safetensors', 'training-state']);
    expect((await describeModel(checkpoint!)).config).toEqual(tinyDescription().config);
    const loaded = await loadModel(backend, checkpoint!);
    expect(await weightsOf(loaded)).toEqual(await weightsOf(options.model));
    loaded.dispose();
  });

  test('has the tensors of the model it came from, in the width that is asked for', async () => {
    const baseFolder = join(folder, 'base');
    cpSync(goldenPath('models', 'gpt2'), baseFolder, { recursive: true });
    writeFileSync(join(baseFolder, 'tokenizer.json'), '{"made": "up"}');
    const model = await loadModel(backend, baseFolder, { dtype: 'float32' });
    const data = { batch: async () => ({ ...(await (await tinyData()).batch(0)) }) };
    const options = await optionsOf({ baseFolder, dtype: 'bfloat16' }, { model, data, maxSteps: 1 });
    const { checkpoint } = await train(options);
    const read = (name: string) => readFileSync(join(checkpoint!, name), 'utf8');
    expect(read('tokenizer.json')).toBe('{"made": "up"}');
    const baseConfig = JSON.parse(readFileSync(join(baseFolder, 'config.json'), 'utf8')) as object;
    expect(JSON.parse(read('config.json'))).toEqual({ ...baseConfig, dtype: 'bfloat16' });
    const [saved, base] = await Promise.all(
      [checkpoint!, baseFolder].map((one) => openSafetensors(join(one, 'model.safetensors'))),
    );
    const shapes = (source: typeof saved) => [...source!.tensors.values()].map(({ name, shape }) => [name, shape]);
    expect(shapes(saved).toSorted()).toEqual(shapes(base).toSorted());
    expect(new Set([...saved!.tensors.values()].map(({ dtype }) => dtype))).toEqual(new Set(['bfloat16']));
    await Promise.all([saved!.close(), base!.close()]);
  });
});

describe('Which checkpoints are there', () => {
  test('the last ones, as many as asked for', async () => {
    await train(await optionsOf({ every: 1, keepLast: 3 }));
    expect(names()).toEqual(stepNames(3, 4, 5));
    expect(await latestCheckpoint(folder)).toBe(join(folder, 'step-00000005'));
  });

  test('the best evaluation besides', async () => {
    const evaluation = { data: await tinyEvaluationData(), every: 1, minDelta: 100 }; // the first stays the best
    await train(await optionsOf({ every: 1, keepLast: 2 }, { evaluation }));
    expect(names()).toEqual(stepNames(1, 4, 5));
    rmSync(folder, { recursive: true });
    await train(await optionsOf({ every: 1, keepLast: 2, keepBest: false }, { evaluation }));
    expect(names()).toEqual(stepNames(4, 5));
  });

  test('one when the signal aborts, none of a training without steps', async () => {
    const controller = new AbortController();
    const onEvent = ({ step }: { step: number }) => (step === 3 ? controller.abort() : undefined);
    const result = await train({ ...(await optionsOf({}, { signal: controller.signal })), onEvent });
    expect(result).toMatchObject({ reason: 'aborted', checkpoint: join(folder, 'step-00000003') });
    rmSync(folder, { recursive: true });
    await train(await optionsOf({}, { signal: AbortSignal.abort() }));
    expect(existsSync(folder)).toBe(false);
    mkdirSync(folder);
  });

  test('a second training in the same folder is refused', async () => {
    await train(await optionsOf());
    const { allocatedBytes } = backend.memoryUsage();
    const options = await optionsOf();
    await expect(train(options)).rejects.toThrow(
      `Cannot begin a training in ${folder}: it has ${join(folder, 'step-00000005')}; resume from that, or take another folder`,
    );
    options.model.dispose();
    expect(backend.memoryUsage().allocatedBytes).toBe(allocatedBytes);
    expect(await latestCheckpoint(join(folder, 'nothing'))).toBeUndefined();
  });

  test('those of later steps are replaced when a training is resumed before them', async () => {
    await train(await optionsOf({ every: 1, keepLast: 5 }));
    const resume = join(folder, 'step-00000002');
    await train({ ...(await optionsOf({ every: 1, keepLast: 5 })), resume });
    expect(names()).toEqual(stepNames(1, 2, 3, 4, 5));
  });
});

describe('A disk that is full', () => {
  /** How many files a checkpoint is written in. */
  const NUM_FILES = 4;

  test.each(Array.from({ length: NUM_FILES }, (_, i) => i))(
    'leaves nothing half-written (file %i)',
    async (failing) => {
      const write = platform.writeFileAtomically.bind(platform);
      let numWritten = -NUM_FILES; // the first checkpoint succeeds
      vi.spyOn(platform, 'writeFileAtomically').mockImplementation(async (location, fill, options) => {
        if (numWritten++ < failing) return write(location, fill, options);
        return write(
          location,
          async (file) => {
            await fill(file);
            throw new Error('no space left');
          },
          options,
        );
      });
      const options = await optionsOf({ every: 2 });
      await expect(train(options)).rejects.toThrow('no space left');
      expect(numWritten).toBe(failing + 1);
      expect(names()).toEqual(stepNames(2));
      vi.restoreAllMocks();

      const rest = await optionsOf();
      await train({ ...rest, resume: await latestCheckpoint(folder) });
      const whole = await tinyModel(backend);
      await train({ model: whole, data: await tinyData(), maxSteps: 5, learningRate: 1e-2 });
      expect(await weightsOf(rest.model)).toEqual(await weightsOf(whole));
    },
  );

  test('what a killed process left is cleared away', async () => {
    for (const name of ['step-00000003.partial', 'step-00000001.replaced', 'notes']) mkdirSync(join(folder, name));
    await train(await optionsOf());
    expect(names()).toEqual(['notes', 'step-00000005']);
  });
});

test('numbers that are not finite leave the last good checkpoint', async () => {
  const options = await optionsOf({ every: 2 });
  const onEvent = ({ step }: { step: number }) => {
    if (step !== 3) return;
    backend.write(options.model.parameters.vector('finalNorm.bias').buffer, Float32Array.of(Number.NaN));
  };
  await expect(train({ ...options, onEvent })).rejects.toThrow(
    'Cannot go on training after 3 steps: the loss is NaN; the first tensor that is not finite is finalNorm.bias',
  );
  expect(names()).toEqual(stepNames(2));
});
