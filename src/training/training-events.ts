import type { LossReport } from './evaluate-loss.ts';

/** Something that happened in a training; `step` is the number of steps made so far. */
export type TrainingEvent = TrainingStepEvent | EvaluationEvent | CheckpointEvent;

/** A step of the optimizer has been made. */
export interface TrainingStepEvent {
  readonly kind: 'step';
  readonly step: number;
  /** Steps in the end, unless the training stops before. */
  readonly maxSteps: number;
  /** Mean over the step's tokens, smoothing and z-loss included, before the parameters changed. */
  readonly loss: number;
  readonly learningRate: number;
  /** Of all gradients together, before clipping. */
  readonly gradientNorm: number;
  /** Tokens of the step's batches. */
  readonly numTokens: number;
  /** Of all steps so far, those before a checkpoint included. */
  readonly totalTokens: number;
  /** Passes over the data so far; undefined where the data do not say how long one is. */
  readonly epoch: number | undefined;
  readonly tokensPerSecond: number;
  /** Until `maxSteps`, at the mean pace of this run, evaluations and checkpoints included. */
  readonly secondsLeft: number;
}

/** The model has been measured on the evaluation data, with the parameters of the event's step. */
export interface EvaluationEvent extends LossReport {
  readonly kind: 'evaluation';
  readonly step: number;
  /** Whether no evaluation before was as good. */
  readonly isBest: boolean;
}

/** A checkpoint has been written. */
export interface CheckpointEvent {
  readonly kind: 'checkpoint';
  readonly step: number;
  readonly folder: string;
}

/** An evaluation's step and loss. */
export interface EvaluatedStep {
  readonly step: number;
  readonly loss: number;
}

/** How a training ended. */
export interface TrainingResult {
  /** All steps made; no better evaluation for too long; or the signal aborted. */
  readonly reason: 'finished' | 'stopped early' | 'aborted';
  /** Steps made, those before a checkpoint included. */
  readonly step: number;
  readonly totalTokens: number;
  /** Seconds of this run. */
  readonly seconds: number;
  /** Of the last step of this run; undefined if it made none. */
  readonly loss: number | undefined;
  /** The last evaluation of this run, and the best of all. */
  readonly evaluation: EvaluatedStep | undefined;
  readonly best: EvaluatedStep | undefined;
  /** The folder of the last checkpoint that this run has written. */
  readonly checkpoint: string | undefined;
}
