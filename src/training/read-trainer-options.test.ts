import { describe, expect, test } from 'vitest';
import { tinyModel } from '../../test/tiny-training.ts';
import { createReferenceBackend } from '../backends/reference/reference-backend.ts';
import { readTrainerOptions } from './read-trainer-options.ts';
import type { TrainerOptions } from './trainer-options.ts';

const model = await tinyModel(createReferenceBackend());
const data = { batch: () => Promise.reject(new Error('not read')), batchesPerEpoch: 10 };
const least = { model, data, maxSteps: 100, learningRate: 1e-3 };

/** Options as a caller without types may give them. */
function read(changes: object) {
  return readTrainerOptions({ ...least, ...changes } as TrainerOptions);
}

test('everything but model, data, length and learning rate has a default', () => {
  expect(readTrainerOptions(least)).toEqual({
    ...{ model, data, maxSteps: 100, recompute: false },
    step: {
      seed: 0,
      learningRate: 1e-3,
      schedule: { kind: 'constant', warmupSteps: 0 },
      optimizer: { kind: 'adamw', beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 },
      gradientAccumulation: 1,
      clipNorm: 1,
      dropout: 0,
      labelSmoothing: 0,
      zLoss: 0,
    },
  });
  expect(read({ optimizer: { kind: 'sgd' } }).step.optimizer).toEqual({ kind: 'sgd', momentum: 0.9, weightDecay: 0 });
  expect(read({ evaluation: { data, every: 5 } }).evaluation).toEqual({ data, every: 5, numBatches: 10, minDelta: 0 });
  expect(read({ checkpoints: { folder: 'a' } }).checkpoints).toEqual({
    ...{ folder: 'a', keepLast: 2, keepBest: true, dtype: 'float32' },
  });
  expect(read({ clipNorm: 'none' }).step.clipNorm).toBe('none');
});

test('a schedule ends where the training ends, unless it says otherwise', () => {
  const schedule = { kind: 'cosine', warmupSteps: 10 };
  expect(read({ schedule }).step.schedule).toEqual({ ...schedule, minRatio: 0, numSteps: 100 });
  const longer = { ...schedule, minRatio: 0.1, numSteps: 500 };
  expect(read({ schedule: longer }).step.schedule).toEqual(longer);
  expect(read({ maxSteps: undefined, epochs: 3, gradientAccumulation: 4 }).maxSteps).toBe(8);
  expect(read({ maxSteps: undefined, epochs: 0.01 }).maxSteps).toBe(1);
});

describe('What cannot be is refused', () => {
  test.each<[object, string]>([
    [{ learningrate: 1 }, 'unknown option "learningrate", did you mean "learningRate"?'],
    [{ schedule: { kind: 'cosine', warmup: 1 } }, 'Cannot read training options, schedule: unknown option "warmup"'],
    [{ optimizer: { kind: 'sgd', beta1: 0.9 } }, 'Cannot read training options, optimizer: unknown option "beta1"'],
    [{ evaluation: { data, evry: 1 } }, 'options, evaluation: unknown option "evry", did you mean "every"?'],
    [{ checkpoints: { dir: 'a' } }, 'options, checkpoints: unknown option "dir"'],
    [{ learningRate: undefined }, 'learningRate is missing'],
    [{ learningRate: 0 }, 'learningRate is 0, but it must be above 0'],
    [{ learningRate: Number.NaN }, 'learningRate is NaN, but it must be above 0'],
    [{ learningRate: '1e-3' }, 'learningRate is "1e-3", but it must be a number'],
    [{ model: undefined }, 'model is missing'],
    [{ model: 'gpt2' }, 'model is "gpt2", but it must be a CausalLM or a TrainingTarget'],
    [{ data: [] }, 'data is [], but it must have a method batch'],
    [{ maxSteps: 0 }, 'maxSteps is 0, but it must be a whole number from 1'],
    [{ epochs: 1 }, 'maxSteps and epochs are both given, wanted one of them'],
    [{ maxSteps: undefined }, 'neither maxSteps nor epochs is given'],
    [
      { maxSteps: undefined, epochs: 1, data: { batch: data.batch } },
      'epochs is given, but the data do not say how long one is; give maxSteps',
    ],
    [{ schedule: { kind: 'step' } }, 'kind is "step", but it must be "constant", "linear", "cosine" or'],
    [{ schedule: {} }, 'schedule.kind is missing'],
    [{ schedule: { kind: 'constant', minRatio: 0.1 } }, 'schedule.minRatio is 0.1, but a constant schedule does not'],
    [{ schedule: { kind: 'inverseSquareRoot', numSteps: 9 } }, 'schedule.numSteps is 9, but a schedule of kind inv'],
    [{ schedule: { kind: 'linear', warmupSteps: 100 } }, 'schedule.warmupSteps is 100, wanted less than all 100 steps'],
    [{ optimizer: { kind: 'adam' } }, 'kind is "adam", but it must be "adamw" or "sgd"'],
    [{ optimizer: {} }, 'optimizer.kind is missing'],
    [{ optimizer: { kind: 'adamw', beta1: 1 } }, 'beta1 is 1, but it must be from 0 to below 1'],
    [{ gradientAccumulation: 1.5 }, 'gradientAccumulation is 1.5, but it must be a whole number'],
    [{ clipNorm: 0 }, 'clipNorm is 0, but it must be above 0'],
    [{ clipNorm: 'off' }, 'clipNorm is "off", but it must be a number'],
    [{ dropout: 1 }, 'dropout is 1, but it must be from 0 to below 1'],
    [{ labelSmoothing: 1.1 }, 'labelSmoothing is 1.1, but it must be from 0 to 1'],
    [{ zLoss: -1 }, 'zLoss is -1, but it must be 0 or more'],
    [{ seed: -1 }, 'seed is -1, but it must be a whole number from 0'],
    [{ evaluation: { data } }, 'evaluation.every is missing'],
    [{ evaluation: { every: 1 } }, 'evaluation.data is missing'],
    [
      { evaluation: { data: { batch: data.batch }, every: 1 } },
      'Cannot evaluate: the data come without end; give numBatches, or data in stored order',
    ],
    [{ checkpoints: {} }, 'checkpoints.folder is missing'],
    [{ checkpoints: { folder: 'a', dtype: 'int8' } }, 'dtype is "int8", but it must be "float32"'],
    [{ checkpoints: { folder: 'a', keepLast: 0 } }, 'keepLast is 0'],
    [{ model: { trained: [] }, isTrained: () => true }, 'isTrained is given, but the model is a target'],
    [
      { model: { trained: [] }, checkpoints: { folder: 'a', baseFolder: 'b' } },
      'checkpoints.baseFolder is given, but the model is a target',
    ],
  ])('%o', (changes, problem) => {
    expect(() => read(changes)).toThrow(problem);
  });
});
