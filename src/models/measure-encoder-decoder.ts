import { CACHE_BLOCK_SIZE } from '../backend/backend.ts';
import type { MemoryLayout } from '../backend/memory-layout.ts';
import { MeasuringBackend } from '../backends/measuring/measuring-backend.ts';
import type { EncoderDecoderConfig } from '../config/encoder-decoder-config.ts';
import { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import { createForwardBatch } from '../nn/forward-batch.ts';
import { buildEncoderDecoder } from './build-encoder-decoder.ts';
import { EncoderDecoderLM } from './encoder-decoder-lm.ts';
import { encoderDecoderParameters } from './encoder-decoder-parameters.ts';
import { countWeights, type MeasuredModel, type MeasuredWork } from './measure-model.ts';

/** The work to measure an encoder-decoder model at: each target has a source of its own. */
export interface MeasuredTransduction extends Omit<MeasuredWork, 'tokens'> {
  /** Tokens of each source. */
  readonly sourceTokens: number;
  /** Tokens of each target in the end, what it begins with included. */
  readonly targetTokens: number;
}

/** What a model takes, and what of the cache is the sources' part. */
export interface MeasuredEncoderDecoder extends MeasuredModel {
  readonly sourceCacheBytes: number;
}

/**
 * What an encoder-decoder model takes on a device of the given layout: `measureModel` of its two largest steps, as many sources
 * as the engine encodes at once, and the last token of all targets.
 */
export function measureEncoderDecoder(
  config: EncoderDecoderConfig,
  layout: MemoryLayout,
  work: MeasuredTransduction,
): MeasuredEncoderDecoder {
  const { batch, sourceTokens, targetTokens, stepTokens } = work;
  const backend = new MeasuringBackend(layout);
  const parameters = countWeights(backend, encoderDecoderParameters(config), work);
  const model = new EncoderDecoderLM(buildEncoderDecoder(config, parameters), parameters);
  const weightBytes = backend.memoryUsage().allocatedBytes - layout.fixedBytes;
  const sourceBlocks = batch * PagedKvCache.blocksFor(sourceTokens);
  const numBlocks = sourceBlocks + batch * PagedKvCache.blocksFor(targetTokens);
  const cache = model.createCache(CACHE_BLOCK_SIZE * numBlocks, 1, work.cacheDType);
  const sources = Array.from({ length: batch }, () => cache.createSequence());
  // A step takes sources as long as any of its budget is left.
  const atOnce = Math.min(batch, Math.ceil(stepTokens / sourceTokens));
  const tokenIds = new Array<number>(sourceTokens).fill(0);
  model.encode(
    cache,
    sources.slice(0, atOnce).map((sequence) => ({ sequence, tokenIds })),
  );
  for (const sequence of sources.slice(atOnce)) sequence.append(sourceTokens);
  const entries = sources.map((source) => {
    const sequence = cache.createSequence();
    sequence.append(targetTokens - 1);
    return { sequence, source, tokenIds: [0] };
  });
  backend.scope(() => model.transformer.forward(createForwardBatch(cache, entries, { logits: 'last' })));
  const { byteLength: kvCacheBytes } = cache;
  const workspaceBytes = backend.memoryUsage().peakBytes - weightBytes - kvCacheBytes;
  const sourceCacheBytes = Math.round((kvCacheBytes * sourceBlocks) / numBlocks);
  return { weightBytes, kvCacheBytes, workspaceBytes, sourceCacheBytes };
}
