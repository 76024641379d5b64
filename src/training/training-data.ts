import type { TrainingBatch } from '../data/training-batch.ts';

/**
 * Batches by number, such as a `BatchLoader`. Batch n is always the same, whatever was asked for before, so that training goes
 * on from a checkpoint as if it had never stopped.
 */
export interface TrainingData {
  batch(n: number): Promise<TrainingBatch>;
  /** Batches in which all data comes once; undefined where there is no such number. */
  readonly batchesPerEpoch?: number | undefined;
  /** Equal for data that give equal batches; without it a checkpoint cannot tell whether it goes on with its own data. */
  readonly identity?: string | undefined;
}
