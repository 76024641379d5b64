import type { WeightDType } from '../backend/dtype.ts';
import type { CausalLM } from '../models/causal-lm.ts';
import type { EvaluationExtent } from './evaluate-loss.ts';
import type { OptimizerOptions } from './optimizer.ts';
import type { TrainingData } from './training-data.ts';
import type { TrainingTarget } from './training-target.ts';

/** What to train, on what, and how. */
export interface TrainerOptions {
  /**
   * All parameters of the model are trained, or those that `isTrained` chooses; or a target that says so itself. Weights that are codes
   * in their file are to be loaded with a width (`loadModel(…, { dtype: 'float32' })`), unless an adapter is trained beside them.
   */
  readonly model: CausalLM | TrainingTarget;
  readonly data: TrainingData;
  /** Steps of the optimizer in all, those before a checkpoint included. Either this or `epochs`. */
  readonly maxSteps?: number | undefined;
  /** Passes over the data in all, which must say how long one is (`batchesPerEpoch`). */
  readonly epochs?: number | undefined;
  /** The highest that the schedule reaches. */
  readonly learningRate: number;
  /** Constant unless given. */
  readonly schedule?: ScheduleOptions | undefined;
  /** AdamW unless given. */
  readonly optimizer?: OptimizerOptions | undefined;
  /** Batches of one step, whose tokens all weigh the same; 1 unless given. */
  readonly gradientAccumulation?: number | undefined;
  /** Gradients that are longer all together are shortened to this (Pascanu et al. 2013); 1 unless given. */
  readonly clipNorm?: number | 'none' | undefined;
  /** Share of the elements that are dropped after the embedding and each sublayer; 0 unless given. */
  readonly dropout?: number | undefined;
  /** Probability that the targets leave to all tokens alike (Szegedy et al. 2016); 0 unless given. */
  readonly labelSmoothing?: number | undefined;
  /** Weight of the squared logarithm of the softmax's denominator (Chowdhery et al. 2022); 0 unless given. */
  readonly zLoss?: number | undefined;
  /** Compute the activations of each block again instead of keeping them: less memory, a third more time. */
  readonly recompute?: boolean | undefined;
  /** Which parameters of a `CausalLM` are trained, by path (`layers.0.mlp.up.weight`); all unless given. */
  readonly isTrained?: ((path: string) => boolean) | undefined;
  readonly evaluation?: EvaluationOptions | undefined;
  readonly checkpoints?: CheckpointOptions | undefined;
  /** The folder of a checkpoint to go on from, with the same bits as if the training had not ended there. */
  readonly resume?: string | undefined;
  /** Of dropout; 0 unless given. */
  readonly seed?: number | undefined;
  /** When it aborts, the step under way is finished, a checkpoint is written, and the training ends. */
  readonly signal?: AbortSignal | undefined;
}

/** How the learning rate changes; see `learningRateAt`. */
export interface ScheduleOptions {
  readonly kind: 'constant' | 'linear' | 'cosine' | 'inverseSquareRoot';
  /** Steps below the highest rate at the start; 0 unless given. */
  readonly warmupSteps?: number | undefined;
  /** The least rate as a share of the highest; 0 unless given. Not of `constant`. */
  readonly minRatio?: number | undefined;
  /** Where the rate is least; `maxSteps` unless given. Of `linear` and `cosine` only. */
  readonly numSteps?: number | undefined;
}

/** When the model is measured, and when that ends the training. There is an evaluation after the last step too. */
export interface EvaluationOptions extends EvaluationExtent {
  readonly data: TrainingData;
  /** Steps between evaluations. */
  readonly every: number;
  /** The training ends after so many evaluations in a row that were no better than the best; never unless given. */
  readonly patience?: number | undefined;
  /** How much less a loss must be to be better; 0 unless given. */
  readonly minDelta?: number | undefined;
}

/**
 * Where checkpoints go, each a folder `step-00000100` that `loadModel`, `LLM.load` and Hugging Face Transformers read. One
 * is written at the end too, and when the signal aborts.
 */
export interface CheckpointOptions {
  readonly folder: string;
  /** Steps between checkpoints; only those at the end and of the best evaluations unless given. */
  readonly every?: number | undefined;
  /** How many are kept, the last ones; 2 unless given. */
  readonly keepLast?: number | undefined;
  /** Whether one is written at each best evaluation, and the best kept; true unless given. */
  readonly keepBest?: boolean | undefined;
  /** Width of the model's file; float32 unless given. Training goes on from float32 in any case. */
  readonly dtype?: WeightDType | undefined;
  /** Of a `CausalLM`: the folder it was loaded from, whose configuration and tokenizer go into each checkpoint. */
  readonly baseFolder?: string | undefined;
}
