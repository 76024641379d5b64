import { countTargetBytes } from '../data/count-target-bytes.ts';
import { pairBatches } from '../data/pair-batches.ts';
import { tokenizeInMemory } from '../data/tokenize-in-memory.ts';
import { type Evaluation, evaluationOf } from '../llm/evaluate-documents.ts';
import type { LLM } from '../llm/llm.ts';
import { expectEncoder } from '../models/language-model.ts';
import { evaluateLoss } from '../training/evaluate-loss.ts';
import { sourceOf } from './training/data-parts.ts';
import { pairMarksOf } from './training/pair-marks.ts';

/** Tokens of a batch, sources and targets together. */
const BATCH_TOKENS = 2048;

/**
 * How well an encoder-decoder model predicts the targets of a file, given their sources. Throws a `RangeError` for a file without
 * pairs and for a model whose sources have tokens of their own, and what the reading of data throws.
 */
export async function evaluatePairs(
  { model: languageModel, tokenizer, sourceTarget }: LLM,
  path: string,
  signal: AbortSignal,
): Promise<Evaluation> {
  const model = expectEncoder(languageModel, 'evaluate pairs');
  if (tokenizer === undefined) throw new Error("Cannot evaluate: the model's folder has no tokenizer");
  if (sourceTarget !== undefined && sourceTarget.source !== sourceTarget.target)
    throw new RangeError(
      'Cannot evaluate: sources and targets have different tokens, and pairs are read with one tokenizer',
    );
  const { maxPositions } = model.config;
  const sources = [sourceOf({ path }, undefined)];
  const dataset = await tokenizeInMemory({ sources, tokenizer, ...pairMarksOf(model.config), signal });
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
