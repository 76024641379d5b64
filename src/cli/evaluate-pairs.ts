import { countTargetBytes } from '../data/count-target-bytes.ts';
import { pairBatches } from '../data/pair-batches.ts';
import { tokenizeInMemory } from '../data/tokenize-in-memory.ts';
import { type Evaluation, evaluationOf } from '../llm/evaluate-documents.ts';
import type { LLM } from '../llm/llm.ts';
import { expectEncoder } from '../models/language-model.ts';
import { evaluateLoss } from '../training/evaluate-loss.ts';
import { sourceOf } from './training/data-parts.ts';
import { pairEncodingOf } from './training/pair-encoding-of.ts';

/** The languages of the pairs, in models that translate between several. */
export interface PairEvaluationOptions {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly signal: AbortSignal;
}

/** Tokens of a batch, sources and targets together. */
const BATCH_TOKENS = 2048;

/**
 * How well an encoder-decoder model predicts the targets of a file, given their sources. Throws a `RangeError` for a file without
 * pairs, and what the reading of data and languages throws.
 */
export async function evaluatePairs(
  { model: languageModel, sourceTarget, defaults }: LLM,
  path: string,
  { signal, ...languages }: PairEvaluationOptions,
): Promise<Evaluation> {
  const model = expectEncoder(languageModel, 'evaluate pairs');
  const pairs = pairEncodingOf(model.config, { sourceTarget, defaults }, languages);
  const tokenizer = pairs.tokenizer.target;
  const { maxPositions } = model.config;
  const sources = [sourceOf({ path }, undefined)];
  const dataset = await tokenizeInMemory({ sources, tokenizer, pairs, signal });
  if (dataset.kind !== 'pairs')
    throw new RangeError(`Cannot evaluate ${path}: it has no pairs of source and target, which the model reads`);
  const loader = await pairBatches(dataset, {
    ...{
      maxTokens: Math.max(BATCH_TOKENS, 2 * maxPositions),
      maxSourceLength: maxPositions,
      maxTargetLength: maxPositions,
    },
    ...{ order: 'stored', signal },
  });
  const numBatches = loader.batchesPerEpoch!;
  const numBytes = await countTargetBytes({ batch: (n) => loader.batch(n), numBatches }, tokenizer, { signal });
  const { loss, numTokens } = await evaluateLoss(model, loader, { signal });
  const { numDocuments } = dataset;
  return evaluationOf({ logProb: -loss * numTokens, numDocuments, numTokens, numBytes });
}
