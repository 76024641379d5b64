import type { TrainingBatch } from '../data/training-batch.ts';

/**
 * What is trained on. Batch n is always the same, whatever was asked for before, so that a run goes on from a checkpoint as if
 * it had never ended.
 */
export interface TrainingData {
  /** Batch number `n`, from 0 on without end. */
  batch(n: number): Promise<TrainingBatch>;
  /** Batches after which all data have been seen; undefined where there is no such number. */
  readonly batchesPerEpoch?: number | undefined;
  /** Tells it from sources that give other batches; a checkpoint is resumed on the same only. */
  readonly fingerprint?: string | undefined;
}

/** What a loss is measured on. */
export interface EvaluationData {
  /** Batches 0 … numBatches − 1 are the whole. */
  readonly numBatches: number;
  batch(n: number): Promise<TrainingBatch>;
  /** Bytes of text that its targets stand for; without it there are no bits per byte. */
  readonly numBytes?: number | undefined;
}
