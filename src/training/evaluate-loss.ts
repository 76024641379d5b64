import type { TrainingBatch } from '../data/training-batch.ts';
import type { CausalLM } from '../models/causal-lm.ts';
import { checkBatch } from './check-batch.ts';
import { tokenLosses } from './token-losses.ts';
import type { EvaluationData } from './training-data.ts';

/** How well a model predicts some data. */
export interface LossReport {
  /** Mean of −ln P(token) over the tokens that are predicted, by their weights. */
  readonly loss: number;
  /** e^loss. */
  readonly perplexity: number;
  /** Sum of −log₂ P(token) per byte of text; undefined where the data do not say how many bytes they stand for. */
  readonly bitsPerByte: number | undefined;
  /** Tokens that were predicted: those with a weight. */
  readonly numTokens: number;
}

/**
 * The loss of a model over evaluation data, batch after batch. Throws a `RangeError` for data that the model cannot take or in
 * which nothing is predicted, and the signal's reason.
 *
 * @example
 * const { perplexity } = await evaluateLoss(model, { numBatches: 10, batch: (n) => loader.batch(n) });
 */
export function evaluateLoss(
  model: CausalLM,
  data: EvaluationData,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<LossReport> {
  const { backend, transformer, config } = model;
  return meanLoss(data, options.signal, async (batch) => {
    checkBatch(batch, config);
    const losses = backend.scope(() => tokenLosses(transformer, backend, batch, PLAIN).read());
    return (await losses) as Float32Array;
  });
}

/** No smoothing: what is measured is the likelihood. */
export const PLAIN = { smoothing: 0, zLoss: 0 } as const;

/** The mean of what `lossesOf` gives for each token of each batch. */
export async function meanLoss(
  data: EvaluationData,
  signal: AbortSignal | undefined,
  lossesOf: (batch: TrainingBatch) => Promise<Float32Array>,
): Promise<LossReport> {
  const total = { loss: 0, weight: 0, numTokens: 0 };
  for (let n = 0; n < data.numBatches; n++) {
    signal?.throwIfAborted();
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
  const bitsPerByte = data.numBytes === undefined ? undefined : total.loss / Math.LN2 / data.numBytes;
  return { loss, perplexity: Math.exp(loss), bitsPerByte, numTokens: total.numTokens };
}
