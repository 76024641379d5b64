import type { TrainingResult } from './training-events.ts';
import type { TrainingProgress } from './training-state.ts';

/** What one run came to. */
export class RunReport {
  readonly #start = performance.now();
  readonly #firstStep: number;
  loss: number | undefined;
  evaluation: TrainingResult['evaluation'];
  checkpoint: string | undefined;

  constructor(firstStep: number) {
    this.#firstStep = firstStep;
  }

  /** How long some steps will take at the pace of this run, which has come to `step`. */
  secondsFor(numSteps: number, step: number): number {
    return (numSteps * this.#seconds) / (step - this.#firstStep);
  }

  result(reason: TrainingResult['reason'], { step, totalTokens, best }: TrainingProgress): TrainingResult {
    const { loss, evaluation, checkpoint } = this;
    return { reason, step, totalTokens, seconds: this.#seconds, loss, evaluation, best, checkpoint };
  }

  get #seconds(): number {
    return (performance.now() - this.#start) / 1000;
  }
}
