import { countTargetBytes } from '../data/count-target-bytes.ts';
import { pairBatches } from '../data/pair-batches.ts';
import { tokenizeInMemory } from '../data/tokenize-in-memory.ts';
import { type Evaluation, evaluationOf } from '../llm/evaluate-documents.ts';
import type { LLM } from '../llm/llm.ts';
import { expectEncoder } from '../models/language-model.ts';
import { evaluateLoss } from '../training/evaluate-loss.ts';
import { sourceOf } from './training/data-parts.ts';
import { pairEncodingOf } from './training/pair-encoding-of.ts';

export interface PairEvaluationOptions {
  /** The languages of the pairs, in models that translate between several. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** The name of an adapter that was loaded with the model. */
  readonly adapter: string | undefined;
  readonly signal: AbortSignal;
}

/** Tokens of a batch, sources and targets together. */
const BATCH_TOKENS = 2048;

/**
 * How well an encoder-decoder model predicts the targets of a file, given their sources. Throws a `RangeError` for a file without
 * pairs, and what the reading of data and languages throws.
 */
export async function evaluatePairs(
  llm: LLM,
  path: string,
  { adapter: name, signal, ...languages }: PairEvaluationOptions,
): Promise<Evaluation> {
  const model = expectEncoder(llm.model, 'evaluate pairs');
  const pairs = pairEncodingOf(model.config, llm, languages);
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
  const adapter = name === undefined ? undefined : llm.adapter(name);
  const { loss, numTokens } = await evaluateLoss(model, loader, { adapter, signal });
  const { numDocuments } = dataset;
  return evaluationOf({ logProb: -loss * numTokens, numDocuments, numTokens, numBytes });
}
