import { CACHE_BLOCK_SIZE } from '../backend/backend.ts';
import type { CacheDType } from '../backend/dtype.ts';
import { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import type { EncoderDecoderLM } from '../models/encoder-decoder-lm.ts';
import type { Adapter } from '../nn/adapter.ts';
import { MAX_STEP_TOKENS, requireNumbers } from './score-documents.ts';

/** A target and what it is given. */
export interface TargetToScore {
  readonly sourceIds: readonly number[];
  /** What every target begins with, which is not scored. */
  readonly startTokenId: number;
  readonly targetIds: readonly number[];
}

export interface ScoreTargetInput {
  readonly model: EncoderDecoderLM;
  readonly adapter?: Adapter | undefined;
  /** What keys and values are kept in; float32 unless given. */
  readonly cacheDType?: CacheDType | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The natural log probabilities of a target's tokens, given its source and the tokens before, some at a time. The cache is its
 * own, and gone at the end. Throws a `RangeError` as the model does for what it cannot take, and for a log probability that is NaN;
 * and the signal's reason.
 */
export async function* scoreTarget(
  { sourceIds, startTokenId, targetIds }: TargetToScore,
  { model, adapter, cacheDType, signal }: ScoreTargetInput,
): AsyncGenerator<Float32Array, void, void> {
  const { maxPositions } = model.config;
  if (targetIds.length > maxPositions)
    throw new RangeError(
      `Cannot score a target: it has ${targetIds.length} tokens, but the model takes at most ${maxPositions}`,
    );
  const inputIds = [startTokenId, ...targetIds.slice(0, -1)];
  const numBlocks = PagedKvCache.blocksFor(sourceIds.length) + PagedKvCache.blocksFor(inputIds.length);
  const cache = model.createCache(CACHE_BLOCK_SIZE * numBlocks, 1, cacheDType);
  try {
    const source = cache.createSequence();
    model.encode(cache, [{ sequence: source, tokenIds: sourceIds, adapter }]);
    const sequence = cache.createSequence();
    for (let from = 0; from < inputIds.length; from += MAX_STEP_TOKENS) {
      signal?.throwIfAborted();
      const to = Math.min(inputIds.length, from + MAX_STEP_TOKENS);
      const [tokenIds, targets] = [inputIds.slice(from, to), targetIds.slice(from, to)];
      const { logProbs } = await model.scoreStep(cache, [{ sequence, source, tokenIds, targets, adapter }]);
      requireNumbers(logProbs, from);
      yield logProbs;
    }
  } finally {
    cache.dispose();
  }
}
