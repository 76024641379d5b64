import { platform } from '#platform';
import type { EvaluationEvent, TrainingEvent, TrainingStepEvent } from '../../training/training-events.ts';
import { formatCount } from '../format.ts';
import { describeRun } from './describe-run.ts';
import type { MetricsLog } from './metrics-log.ts';
import type { PreparedRun } from './prepare-run.ts';
import { type RunDescription, trainingReport } from './report/training-report.ts';
import type { RunFolder } from './run-folder.ts';
import { samplePrompts } from './sampler.ts';
import { evaluateEveryOf, maxStepsOf } from './trainer-options.ts';
import type { TrainingDisplay } from './training-display.ts';
import { evaluationLine } from './training-line.ts';

/** Where a run is recorded. */
export interface RecordPlaces {
  readonly folder: RunFolder;
  readonly log: MetricsLog;
  readonly display: TrainingDisplay;
}

/** Writes down, and shows, what happens in a training: metrics, samples, the report. */
export class RunRecord {
  readonly #run: PreparedRun;
  readonly #places: RecordPlaces;
  readonly #maxSteps: number;
  readonly #every: number;
  readonly #description: Omit<RunDescription, 'status'>;
  readonly #start = performance.now();
  /** Of the run before it was resumed. */
  readonly #secondsBefore: number;

  constructor(run: PreparedRun, places: RecordPlaces) {
    const { settings, model, data, adapter } = run;
    this.#run = run;
    this.#places = places;
    this.#maxSteps = maxStepsOf(settings, data);
    this.#every = evaluateEveryOf(settings, this.#maxSteps);
    const numTrained = adapter?.target.trained.numValues ?? model.numParameters;
    this.#description = describeRun({ settings, model, numTrained, data });
    this.#secondsBefore = places.log.seconds;
  }

  async take(event: TrainingEvent): Promise<void> {
    this.#places.folder.keep();
    if (event.kind === 'step') await this.#takeStep(event);
    if (event.kind === 'evaluation') await this.#takeEvaluation(event);
    if (event.kind === 'checkpoint') await this.writeReport('in training');
  }

  async writeReport(status: string): Promise<void> {
    const { folder, log } = this.#places;
    const step = log.all.findLast((metric) => metric.kind === 'step')?.step ?? 0;
    const steps = `step ${formatCount(step)} of ${formatCount(this.#maxSteps)}`;
    const html = trainingReport({ ...this.#description, status: `${steps}, ${status}` }, log.all);
    await platform.writeFileAtomically(folder.report, (file) => file.append(new TextEncoder().encode(html)));
  }

  /** Leaves the terminal as it was. */
  end(): void {
    this.#places.display.clear();
  }

  async #takeStep(event: TrainingStepEvent): Promise<void> {
    const { log, display } = this.#places;
    const { step, loss, learningRate, gradientNorm, tokensPerSecond } = event;
    display.step(event);
    const seconds = this.#seconds();
    await log.append({ kind: 'step', step, loss, learningRate, gradientNorm, tokensPerSecond, seconds });
    if (step % this.#every === 0 || step === this.#maxSteps) await this.#sample(step);
  }

  async #sample(step: number): Promise<void> {
    const { model, adapter, tokenizer, pairs, settings } = this.#run;
    const sampled = { model, adapter: adapter?.adapter, tokenizer, pairs };
    const samples = await samplePrompts(sampled, settings, step);
    for (const sample of samples) await this.#places.log.append(sample);
  }

  async #takeEvaluation(event: EvaluationEvent): Promise<void> {
    const { log, display } = this.#places;
    const { step, loss: validationLoss, perplexity, bitsPerByte = null } = event;
    display.note(evaluationLine(event));
    const seconds = this.#seconds();
    await log.append({ kind: 'evaluation', step, validationLoss, perplexity, bitsPerByte, seconds });
  }

  #seconds(): number {
    return this.#secondsBefore + (performance.now() - this.#start) / 1000;
  }
}
