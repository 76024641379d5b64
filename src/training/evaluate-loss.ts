import type { TrainingBatch } from '../data/training-batch.ts';
import type { CausalLM } from '../models/causal-lm.ts';
import { EncoderDecoderLM } from '../models/encoder-decoder-lm.ts';
import type { Adapter } from '../nn/adapter.ts';
import { checkBatch, checkPairBatch } from './check-batch.ts';
import { pairLosses, tokenLosses } from './token-losses.ts';
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
 * The loss of a model over data that come in the order they are stored: of a decoder-only one, through an adapter if one is given,
 * or of an encoder-decoder one over pairs. Rejects with a `RangeError` for data that the model cannot take, in which nothing is
 * predicted, or whose number of batches is not known, with a `TypeError` for an adapter of an encoder-decoder model, and with the
 * signal's reason.
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
  if (model instanceof EncoderDecoderLM) return evaluatePairLoss(model, data, options);
  const { backend, transformer, config } = model;
  const adapter = options.adapter && { adapter: options.adapter };
  return meanLoss(data, options, async (batch) => {
    checkBatch(batch, config);
    const losses = backend.scope(() => tokenLosses(transformer, backend, batch, { ...LIKELIHOOD, adapter }).read());
    return (await losses) as Float32Array;
  });
}

function evaluatePairLoss(
  { backend, transformer, config }: EncoderDecoderLM,
  data: TrainingData,
  options: EvaluationExtent & { readonly adapter?: Adapter | undefined; readonly signal?: AbortSignal | undefined },
): Promise<LossReport> {
  if (options.adapter !== undefined)
    throw new TypeError('Cannot evaluate: an adapter is given, but an encoder-decoder model takes none');
  return meanLoss(data, options, async (batch) => {
    checkPairBatch(batch, config);
    return (await backend.scope(() => pairLosses(transformer, backend, batch, LIKELIHOOD).read())) as Float32Array;
  });
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
