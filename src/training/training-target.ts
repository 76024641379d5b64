import type { Backend } from '../backend/backend.ts';
import type { WeightDType } from '../backend/dtype.ts';
import type { TrainingBatch } from '../data/training-batch.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { DropoutPlace } from './step-dropout.ts';
import type { TokenLossOptions } from './token-losses.ts';
import type { TrainedParameters } from './trained-parameters.ts';

/** How a target computes its losses. */
export interface TargetLossOptions extends TokenLossOptions {
  /** In training only: what dropout of the target's own is drawn for. */
  readonly place?: DropoutPlace | undefined;
}

/** What a trainer trains: which parameters, by what loss, and how the result is kept. */
export interface TrainingTarget {
  readonly backend: Backend;
  readonly trained: TrainedParameters;
  /** What a checkpoint must agree in to be gone on from: the model's configuration, what is trained. Plain JSON. */
  readonly description: Readonly<Record<string, unknown>>;
  /** Throws a `RangeError` for a batch that the model cannot take. */
  checkBatch(batch: TrainingBatch): void;
  /** The loss (T) of each token. Call inside a scope; it records and does not wait. */
  losses(batch: TrainingBatch, options: TargetLossOptions): Tensor;
  /** Writes the files that others read: configuration, weights, tokenizer. The folder is there. */
  save(folder: string, dtype: WeightDType): Promise<void>;
}
