import { createCausalLMTarget } from './causal-lm-target.ts';
import { restoreCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { CheckpointFolder } from './checkpoint-folder.ts';
import { createOptimizer } from './create-optimizer.ts';
import { LIKELIHOOD, meanLoss } from './evaluate-loss.ts';
import type { Optimizer } from './optimizer.ts';
import { readTrainerOptions, type TrainerSettings } from './read-trainer-options.ts';
import { RunReport } from './run-report.ts';
import type { TrainerOptions } from './trainer-options.ts';
import type {
  CheckpointEvent,
  EvaluationEvent,
  TrainingEvent,
  TrainingResult,
  TrainingStepEvent,
} from './training-events.ts';
import { identityOfData, type TrainingIdentity, type TrainingProgress } from './training-state.ts';
import { makeStep } from './training-step.ts';
import type { TrainingTarget } from './training-target.ts';

/**
 * Trains a model step by step; `train` is all of it in one call.
 *
 * @example
 * const trainer = await Trainer.create({ model, data: loader, maxSteps: 1000, learningRate: 1e-3 });
 * for await (const event of trainer.run()) if (event.kind === 'step') console.log(event.step, event.loss);
 * trainer.dispose();
 */
export class Trainer {
  readonly #settings: TrainerSettings;
  readonly #target: TrainingTarget;
  readonly #optimizer: Optimizer;
  readonly #identity: TrainingIdentity;
  readonly #checkpoints: CheckpointFolder | undefined;
  #progress: TrainingProgress = { step: 0, totalTokens: 0, best: undefined, numWorse: 0 };
  /** The step of the last checkpoint, be it written or resumed from. */
  #savedStep = 0;
  #isRunning = false;
  #isDisposed = false;

  private constructor(settings: TrainerSettings, target: TrainingTarget) {
    const { step, data, checkpoints } = settings;
    this.#settings = settings;
    this.#target = target;
    this.#optimizer = createOptimizer(target.trained, step.optimizer);
    this.#identity = { settings: step, target: target.description, data: identityOfData(data.identity) };
    this.#checkpoints = checkpoints && new CheckpointFolder(checkpoints);
  }

  /**
   * Makes everything ready for the first step, or for the one after the checkpoint that `resume` names. Throws a `TypeError` or
   * `RangeError` for options that cannot be, a `CheckpointError` for a checkpoint that cannot be resumed from, an `Error` for
   * a folder that has checkpoints of another training, and a `RangeError` when memory is exhausted; nothing stays behind.
   */
  static async create(options: TrainerOptions): Promise<Trainer> {
    const settings = readTrainerOptions(options);
    const target = await chooseTarget(settings);
    let trainer: Trainer | undefined;
    try {
      trainer = new Trainer(settings, target);
      await trainer.#begin();
      return trainer;
    } catch (error) {
      if (trainer !== undefined) trainer.dispose();
      else if (target !== settings.model) target.trained.release();
      throw error;
    }
  }

  /** Steps made, those before a checkpoint included. */
  get step(): number {
    return this.#progress.step;
  }

  /**
   * Makes steps until the training ends, and tells of each thing that happens. Between two events the model is that of the last
   * step, and may be used. If the caller stops listening, the training can be gone on with by another `run`. Throws a
   * `TrainingDivergedError` for a loss or gradient that is not finite, and an `Error` if a checkpoint cannot be written;
   * checkpoints that are there stay.
   */
  async *run(): AsyncGenerator<TrainingEvent, TrainingResult, void> {
    if (this.#isDisposed || this.#isRunning)
      throw new Error(`Cannot run the trainer: it is ${this.#isDisposed ? 'disposed' : 'running'}`);
    this.#isRunning = true;
    try {
      return yield* this.#run(new RunReport(this.#progress.step));
    } finally {
      this.#isRunning = false;
    }
  }

  /** Frees what training took; the model stays as the last step left it. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#optimizer.release();
    if (this.#target !== this.#settings.model) this.#target.trained.release();
  }

  async #begin(): Promise<void> {
    const { resume } = this.#settings;
    if (resume === undefined) return this.#checkpoints?.expectEmpty();
    this.#progress = await restoreCheckpoint(resume, this.#parts);
    this.#savedStep = this.#progress.step;
  }

  async *#run(report: RunReport): AsyncGenerator<TrainingEvent, TrainingResult, void> {
    for (;;) {
      const reason = this.#reasonToEnd();
      if (reason !== undefined) {
        if (this.#progress.step > this.#savedStep) yield* this.#save(report);
        return report.result(reason, this.#progress);
      }
      yield await this.#makeStep(report);
      const evaluation = await this.#evaluateIfDue(report);
      if (evaluation !== undefined) yield evaluation;
      if (this.#isCheckpointDue(evaluation)) yield* this.#save(report);
    }
  }

  #reasonToEnd(): TrainingResult['reason'] | undefined {
    const { maxSteps, evaluation, signal } = this.#settings;
    const { step, numWorse } = this.#progress;
    if (step >= maxSteps) return 'finished';
    if (numWorse >= (evaluation?.patience ?? Infinity)) return 'stopped early';
    return signal?.aborted ? 'aborted' : undefined;
  }

  async #makeStep(report: RunReport): Promise<TrainingStepEvent> {
    const { data, step: settings, recompute, maxSteps } = this.#settings;
    const { step } = this.#progress;
    const start = performance.now();
    const first = step * settings.gradientAccumulation;
    const batches = [];
    for (let i = 0; i < settings.gradientAccumulation; i++) batches.push(await data.batch(first + i));
    const made = await makeStep(this.#target, this.#optimizer, batches, { settings, recompute, step });
    const seconds = (performance.now() - start) / 1000;
    const totalTokens = this.#progress.totalTokens + made.numTokens;
    this.#progress = { ...this.#progress, step: step + 1, totalTokens };
    report.loss = made.loss;
    return {
      kind: 'step',
      step: step + 1,
      maxSteps,
      ...made,
      totalTokens,
      epoch: data.batchesPerEpoch && (first + batches.length) / data.batchesPerEpoch,
      tokensPerSecond: made.numTokens / seconds,
      secondsLeft: report.secondsFor(maxSteps - step - 1, step + 1),
    };
  }

  async #evaluateIfDue(report: RunReport): Promise<EvaluationEvent | undefined> {
    const { evaluation, maxSteps } = this.#settings;
    const { step, best, numWorse } = this.#progress;
    if (evaluation === undefined || (step % evaluation.every !== 0 && step !== maxSteps)) return undefined;
    const { backend, trained } = this.#target;
    const losses = await meanLoss(evaluation.data, evaluation, async (batch) => {
      this.#target.checkBatch(batch);
      const read = () => backend.scope(() => this.#target.losses(batch, LIKELIHOOD).read());
      return (await trained.frozen(read)) as Float32Array;
    });
    const { loss } = losses;
    const isBest = best === undefined || loss < best.loss - evaluation.minDelta;
    this.#progress = isBest
      ? { ...this.#progress, best: { step, loss }, numWorse: 0 }
      : { ...this.#progress, numWorse: numWorse + 1 };
    report.evaluation = { step, loss };
    return { kind: 'evaluation', step, ...losses, isBest };
  }

  #isCheckpointDue(evaluation: EvaluationEvent | undefined): boolean {
    const { checkpoints } = this.#settings;
    if (checkpoints === undefined) return false;
    if (checkpoints.keepBest && evaluation?.isBest === true) return true;
    return checkpoints.every !== undefined && this.#progress.step % checkpoints.every === 0;
  }

  async *#save(report: RunReport): AsyncGenerator<CheckpointEvent, void, void> {
    const { checkpoints } = this.#settings;
    if (checkpoints === undefined) return;
    const { step, best } = this.#progress;
    const folder = await this.#checkpoints!.save(step, best?.step, (partial) =>
      writeCheckpoint(partial, this.#parts, this.#progress, checkpoints.dtype),
    );
    this.#savedStep = step;
    report.checkpoint = folder;
    yield { kind: 'checkpoint', step, folder };
  }

  get #parts() {
    return { target: this.#target, optimizer: this.#optimizer, identity: this.#identity };
  }
}

async function chooseTarget({ model, isTrained, checkpoints }: TrainerSettings): Promise<TrainingTarget> {
  if ('trained' in model) return model;
  return createCausalLMTarget(model, { isTrained, baseFolder: checkpoints?.baseFolder });
}
