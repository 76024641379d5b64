import type { OptimizerOptions } from '../../training/optimizer.ts';
import type { ScheduleOptions, TrainerOptions } from '../../training/trainer-options.ts';
import type { RunSettings } from './complete-settings.ts';
import type { RunData } from './run-data.ts';

/** What a trainer must be given beside the settings. */
export interface TrainerParts {
  readonly model: TrainerOptions['model'];
  readonly data: RunData;
  readonly folder: string;
  /** Whose configuration and tokenizer go into checkpoints; undefined for an adapter. */
  readonly baseFolder: string | undefined;
  readonly resume: string | undefined;
  readonly signal: AbortSignal;
}

/** The trainer's options that settings stand for. */
export function trainerOptions(settings: RunSettings, parts: TrainerParts): TrainerOptions {
  const { learningRate, gradientAccumulation, clipNorm, dropout, labelSmoothing, zLoss, recompute, seed } = settings;
  const { model, data, resume, signal } = parts;
  const maxSteps = maxStepsOf(settings, data);
  const every = evaluateEveryOf(settings, maxSteps);
  return {
    ...{ model, maxSteps, learningRate, gradientAccumulation, clipNorm, dropout, labelSmoothing, zLoss },
    ...{ recompute, seed, resume, signal },
    data: data.loader,
    schedule: scheduleOf(settings, maxSteps),
    optimizer: optimizerOf(settings),
    evaluation: data.evaluation && {
      ...{ data: data.evaluation.loader, numBatches: data.evaluation.numBatches, every },
      ...{ numBytes: Math.max(1, data.evaluation.numBytes), patience: settings.patience, minDelta: settings.minDelta },
    },
    checkpoints: {
      ...{ folder: parts.folder, every: settings.checkpointEvery ?? every, keepLast: settings.keepLast },
      ...{ dtype: settings.checkpointDtype, baseFolder: parts.baseFolder },
    },
  };
}

/** Steps in all; passes over the data are counted in tokens where batches have no end. */
export function maxStepsOf({ maxSteps, epochs, gradientAccumulation }: RunSettings, data: RunData): number {
  const batchesPerPass = data.loader.batchesPerEpoch ?? data.batchesPerPass;
  return maxSteps ?? Math.max(1, Math.round((epochs! * batchesPerPass) / gradientAccumulation));
}

export function evaluateEveryOf({ evaluateEvery }: RunSettings, maxSteps: number): number {
  return evaluateEvery ?? Math.max(1, Math.round(maxSteps / 10));
}

function scheduleOf({ schedule, warmupSteps, minRatio }: RunSettings, maxSteps: number): ScheduleOptions {
  return { kind: schedule, warmupSteps: warmupSteps ?? Math.min(100, Math.floor(maxSteps / 10)), minRatio };
}

function optimizerOf({ optimizer, beta1, beta2, epsilon, momentum, weightDecay }: RunSettings): OptimizerOptions {
  if (optimizer === 'sgd') return { kind: optimizer, momentum, weightDecay };
  return { kind: optimizer, beta1, beta2, epsilon, weightDecay };
}
