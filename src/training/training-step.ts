import { backward } from '../autograd/backward.ts';
import type { TrainingBatch } from '../data/training-batch.ts';
import { Tensor } from '../tensor/tensor.ts';
import { firstNotFinite } from './first-not-finite.ts';
import { clippingScale, globalNorm, gradientNorms } from './gradient-norm.ts';
import { learningRateAt, type Schedule } from './learning-rate.ts';
import type { Optimizer, OptimizerSettings } from './optimizer.ts';
import { stepDropout } from './step-dropout.ts';
import { TrainingDivergedError } from './training-diverged-error.ts';
import type { TargetLossOptions, TrainingTarget } from './training-target.ts';

/** All that the numbers of a step depend on, beside parameters and data. Plain JSON. */
export interface StepSettings {
  readonly seed: number;
  readonly learningRate: number;
  readonly schedule: Schedule;
  readonly optimizer: OptimizerSettings;
  /** Batches of one step. */
  readonly gradientAccumulation: number;
  readonly clipNorm: number | 'none';
  readonly dropout: number;
  readonly labelSmoothing: number;
  readonly zLoss: number;
}

/** Which step, and how it is computed. */
export interface StepOptions {
  readonly settings: StepSettings;
  readonly recompute: boolean;
  /** From 0 on. */
  readonly step: number;
}

/** What a step came to. */
export interface StepReport {
  readonly loss: number;
  readonly learningRate: number;
  /** Before clipping. */
  readonly gradientNorm: number;
  readonly numTokens: number;
}

/**
 * One step of the optimizer over one or several batches. The loss is Σ w·l / Σ w over the tokens of all of them, so that it does
 * not matter how they are cut into batches. Throws a `RangeError` for batches that cannot be and a `TrainingDivergedError` for
 * losses or gradients that are not finite; the parameters are as they were then.
 */
export async function makeStep(
  target: TrainingTarget,
  optimizer: Optimizer,
  batches: readonly TrainingBatch[],
  options: StepOptions,
): Promise<StepReport> {
  const { trained } = target;
  const { settings, step } = options;
  for (const batch of batches) target.checkBatch(batch);
  const weight = totalWeight(batches);
  trained.clearGradients();
  const optionsOf = (i: number) => lossOptions(options, i);
  const losses = batches.map((batch, i) =>
    addGradients(target, batch, { weight, ...optionsOf(i), use: (losses) => losses.read() }),
  );
  const norms = gradientNorms(trained);
  const loss = weightedSum(batches, (await Promise.all(losses)) as Float32Array[]) / weight;
  if (!Number.isFinite(loss)) {
    await norms;
    const tensor = await firstNotFinite(target, batches, optionsOf);
    throw new TrainingDivergedError(step, `the loss is ${loss}`, tensor ?? 'loss');
  }
  const gradientNorm = globalNorm(await norms);
  if (!Number.isFinite(gradientNorm)) {
    const path = trained.list[(await norms).findLastIndex((norm) => !Number.isFinite(norm))]?.path ?? 'all';
    throw new TrainingDivergedError(step, `the gradient's norm is ${gradientNorm}`, `the gradient of ${path}`);
  }
  const learningRate = learningRateAt(settings.schedule, settings.learningRate, step);
  const gradientScale = clippingScale(gradientNorm, settings.clipNorm);
  optimizer.step({ learningRate, gradientScale, step: step + 1 });
  trained.apply();
  const numTokens = batches.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
  return { loss, learningRate, gradientNorm, numTokens };
}

/** How the losses of batch `i` of a step are computed. */
function lossOptions({ settings, recompute, step }: StepOptions, i: number): TargetLossOptions {
  const { seed, dropout, labelSmoothing: smoothing, zLoss } = settings;
  const place = { seed, step, batch: i };
  return { smoothing, zLoss, recompute, place, dropout: stepDropout(dropout, place) };
}

/**
 * Adds the gradients of Σ w·l / `weight` over the tokens of a batch; gives what `use` makes of its losses (T). Records, and
 * leaves nothing allocated.
 */
export function addGradients<Result>(
  target: Pick<TrainingTarget, 'backend' | 'losses'>,
  batch: TrainingBatch,
  options: TargetLossOptions & { readonly weight: number; readonly use: (losses: Tensor) => Result },
): Result {
  const { weight, use, ...rest } = options;
  return target.backend.scope(() => {
    const losses = target.losses(batch, rest);
    const shares = batch.lossWeights.map((lossWeight) => lossWeight / weight);
    backward(losses, Tensor.from(target.backend, shares));
    return use(losses);
  });
}

function totalWeight(batches: readonly TrainingBatch[]): number {
  const weight = batches.reduce((sum, { lossWeights }) => lossWeights.reduce((part, one) => part + one, sum), 0);
  if (weight > 0) return weight;
  throw new RangeError('Cannot make a training step: its batches have no token to predict');
}

function weightedSum(batches: readonly TrainingBatch[], losses: readonly Float32Array[]): number {
  let sum = 0;
  for (const [i, { lossWeights }] of batches.entries())
    for (const [t, weight] of lossWeights.entries()) if (weight !== 0) sum += weight * losses[i]![t]!;
  return sum;
}
