import type { TrainingBatch } from '../data/training-batch.ts';
import type { CausalLM } from '../models/causal-lm.ts';
import { EncoderDecoderLM } from '../models/encoder-decoder-lm.ts';
import type { Adapter } from '../nn/adapter.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { checkBatch, checkPairBatch } from './check-batch.ts';
import { pairLosses, type TokenLossOptions, tokenLosses } from './token-losses.ts';
import type { TrainingData } from './training-data.ts';

/** How much of some data is evaluated. */
export interface EvaluationExtent {
  /** Batches 0 … numBatches − 1; `batchesPerEpoch` of the data unless given. */
  readonly numBatches?: number | undefined;
  /** Bytes of text that the predicted tokens stand for; without it there are no bits per byte. */
  readonly numBytes?: number | undefined;
}

/** How well a model predicts some data. */
export interface LossReport {
  /** Mean of −ln P(token) over the tokens that are predicted, by their weights. */
  readonly loss: number;
  /** e^loss. */
  readonly perplexity: number;
  /** Sum of −log₂ P(token) per byte of text. */
  readonly bitsPerByte: number | undefined;
  /** Tokens that were predicted: those with a weight. */
  readonly numTokens: number;
}

/** Neither smoothing nor z-loss: what is evaluated is the likelihood. */
export const LIKELIHOOD = { smoothing: 0, zLoss: 0 } as const;

/**
 * The loss of a model over data that come in the order they are stored, through an adapter if one is given: of an encoder-decoder
 * model over pairs. Rejects with a `RangeError` for data that the model cannot take, in which nothing is predicted, or whose number
 * of batches is not known, and with the signal's reason.
 *
 * @example
 * const loader = windowBatches(dataset, { order: 'stored', contextLength: 64, batchSize: 16 });
 * const { loss, perplexity } = await evaluateLoss(model, loader);
 */
export async function evaluateLoss(
  model: CausalLM | EncoderDecoderLM,
  data: TrainingData,
  options: EvaluationExtent & {
    readonly adapter?: Adapter | undefined;
    readonly signal?: AbortSignal | undefined;
  } = {},
): Promise<LossReport> {
  const { backend } = model;
  const lossOptions = { ...LIKELIHOOD, adapter: options.adapter && { adapter: options.adapter } };
  return meanLoss(data, options, async (batch) => {
    const losses = backend.scope(() => lossesOf(model, batch, lossOptions).read());
    return (await losses) as Float32Array;
  });
}

function lossesOf(model: CausalLM | EncoderDecoderLM, batch: TrainingBatch, options: TokenLossOptions): Tensor {
  if (model instanceof EncoderDecoderLM) {
    checkPairBatch(batch, model.config);
    return pairLosses(model.transformer, model.backend, batch, options);
  }
  checkBatch(batch, model.config);
  return tokenLosses(model.transformer, model.backend, batch, options);
}

/** The mean of what `lossesOf` gives for each token of each batch. */
export async function meanLoss(
  data: TrainingData,
  options: EvaluationExtent & { readonly signal?: AbortSignal | undefined },
  lossesOf: (batch: TrainingBatch) => Promise<Float32Array>,
): Promise<LossReport> {
  const numBatches = chooseNumBatches(data, options);
  const total = { loss: 0, weight: 0, numTokens: 0 };
  for (let n = 0; n < numBatches; n++) {
    options.signal?.throwIfAborted();
    const batch = await data.batch(n);
    const losses = await lossesOf(batch);
    for (const [t, weight] of batch.lossWeights.entries()) {
      if (weight === 0) continue;
      total.loss += weight * losses[t]!;
      total.weight += weight;
      total.numTokens++;
    }
  }
  if (total.numTokens === 0) throw new RangeError('Cannot evaluate: the data have no token to predict');
  const loss = total.loss / total.weight;
  const bitsPerByte = options.numBytes === undefined ? undefined : total.loss / Math.LN2 / options.numBytes;
  return { loss, perplexity: Math.exp(loss), bitsPerByte, numTokens: total.numTokens };
}

/** Throws a `RangeError` unless the data or the options say where an evaluation ends. */
export function chooseNumBatches({ batchesPerEpoch }: TrainingData, { numBatches }: EvaluationExtent): number {
  const chosen = numBatches ?? batchesPerEpoch;
  if (chosen !== undefined) return chosen;
  throw new RangeError('Cannot evaluate: the data come without end; give numBatches, or data in stored order');
}
