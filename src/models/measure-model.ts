import type { CacheDType, MatrixFormat } from '../backend/dtype.ts';
import type { MemoryLayout } from '../backend/memory-layout.ts';
import { MeasuringBackend } from '../backends/measuring/measuring-backend.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import { createForwardBatch } from '../nn/forward-batch.ts';
import { Tensor } from '../tensor/tensor.ts';
import { Weight } from '../tensor/weight.ts';
import { buildDecoderOnly } from './build-decoder-only.ts';
import { decoderOnlyParameters } from './decoder-only-parameters.ts';
import { isQuantizable } from './load-matrix.ts';
import type { MatrixFormats } from './matrix-formats.ts';
import type { ParameterSpec } from './parameter-spec.ts';
import { Parameters } from './parameters.ts';

export interface MeasuredModel {
  readonly weightBytes: number;
  readonly kvCacheBytes: number;
  readonly workspaceBytes: number;
}

/** The work to measure a model at. */
export interface MeasuredWork extends CountedFormats {
  readonly cacheDType: CacheDType;
  /** Sequences at once. */
  readonly batch: number;
  /** Tokens of each sequence in the end, prompt included. */
  readonly tokens: number;
  /** Tokens of all sequences in the largest step. */
  readonly stepTokens: number;
}

/**
 * What a model takes on a device of the given layout, found by running its largest step on a backend that only counts.
 * Nothing of the model's size is allocated.
 */
export function measureModel(config: ModelConfig, layout: MemoryLayout, work: MeasuredWork): MeasuredModel {
  const backend = new MeasuringBackend(layout);
  const parameters = countWeights(backend, decoderOnlyParameters(config), work);
  const transformer = buildDecoderOnly(backend, config, parameters);
  const weightBytes = backend.memoryUsage().allocatedBytes - layout.fixedBytes;
  const numBlocks = PagedKvCache.blocksFor(work.tokens) * work.batch;
  const shape = {
    numLayers: config.numLayers,
    kvHeads: config.numKvHeads,
    headSize: config.headSize,
    dtype: work.cacheDType,
  };
  const cache = new PagedKvCache(backend, shape, numBlocks);
  const perSequence = Math.max(1, Math.ceil(Math.min(work.stepTokens, work.tokens * work.batch) / work.batch));
  // The step with the most workspace is the last of a prompt: the longest keys, and the head.
  const entries = Array.from({ length: work.batch }, () => {
    const sequence = cache.createSequence();
    sequence.append(work.tokens - perSequence);
    return { sequence, tokenIds: new Array<number>(perSequence).fill(0) };
  });
  backend.scope(() => transformer.forward(createForwardBatch(cache, entries, { logits: 'last' })));
  const workspaceBytes = backend.memoryUsage().peakBytes - weightBytes - cache.byteLength;
  return { weightBytes, kvCacheBytes: cache.byteLength, workspaceBytes };
}

/** What matrices are. */
export interface CountedFormats {
  /** Learned positions excepted where it is a scheme: those are float32 then. */
  readonly dtype: MatrixFormat;
  /** What some, or all, are instead, by path. */
  readonly formats?: MatrixFormats | undefined;
}

/** Parameters that are counted and hold nothing. */
export function countWeights(
  backend: MeasuringBackend,
  specs: readonly ParameterSpec[],
  { dtype, formats }: CountedFormats,
): Parameters {
  const floats = typeof dtype === 'string' ? dtype : 'float32';
  const formatOf = (path: string) => formats?.get(path) ?? (isQuantizable(path) ? dtype : floats);
  const byPath = new Map<string, Weight | Tensor>();
  for (const { kind, path, shape } of specs)
    byPath.set(
      path,
      kind === 'matrix'
        ? new Weight(backend, backend.allocateMatrix(formatOf(path), ...shape))
        : Tensor.allocate(backend, shape),
    );
  return new Parameters(backend, byPath);
}
