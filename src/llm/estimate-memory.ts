import { bytesPerElement, type CacheDType, type MatrixFormat } from '../backend/dtype.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { type Device, memoryLayout } from '../create-backend.ts';
import { engineLimits } from '../engine/engine-options.ts';
import { decoderOnlyParameters } from '../models/decoder-only-parameters.ts';
import type { MatrixFormats } from '../models/matrix-formats.ts';
import { measureModel } from '../models/measure-model.ts';
import { countParameters } from '../models/parameter-spec.ts';
import { QUANTIZATIONS, type QuantizationName } from '../quantized/quantization-scheme.ts';

export interface EstimateOptions {
  readonly device?: Device | undefined;
  /** What the weights are, a width, the name of a quantisation or its scheme; float32 unless given. */
  readonly dtype?: MatrixFormat | QuantizationName | undefined;
  /** What matrices are by path where it is not `dtype`, as `readMatrixFormats` finds it in a file. */
  readonly formats?: MatrixFormats | undefined;
  /** Element type of the KV cache; float32 unless given. */
  readonly cacheDType?: CacheDType | undefined;
  /** Sequences at once; 1 unless given. */
  readonly batch?: number | undefined;
  /** Tokens of each prompt; the model's longest sequence less the generated tokens unless given. */
  readonly contextTokens?: number | undefined;
  /** Tokens generated after each prompt; 0 unless given. */
  readonly generationTokens?: number | undefined;
  /** Threads that compute; 1 unless given. */
  readonly threads?: number | undefined;
}

/** Bytes that a model will take on a device. */
export interface MemoryEstimate {
  readonly numParameters: number;
  readonly weightBytes: number;
  /** The cache in whole blocks of 16 tokens. */
  readonly kvCacheBytes: number;
  /** Activations and scratch of the largest step. */
  readonly workspaceBytes: number;
  readonly totalBytes: number;
  /** 2 · layers · batch · key/value heads · head size · (context + generation) · bytes: the cache without whole blocks and the scales of int8. */
  readonly formula: CacheFormula;
}

/** Bytes on the device, measured. */
export interface MemoryReport {
  readonly weightBytes: number;
  readonly kvCacheBytes: number;
  /** The most that activations and scratch have taken so far. */
  readonly workspaceBytes: number;
}

export interface CacheFormula {
  readonly numLayers: number;
  readonly batch: number;
  readonly kvHeads: number;
  readonly headSize: number;
  readonly tokens: number;
  readonly bytesPerElement: number;
  readonly bytes: number;
}

/**
 * What a model will need on a device, without loading it. Throws a `RangeError` for counts that cannot be, or more tokens
 * than the model takes.
 *
 * @example
 * const { config } = modelPreset('gpt2-xl');
 * estimateMemory(config, { dtype: 'bfloat16', contextTokens: 1000, generationTokens: 24 }).totalBytes;
 */
export function estimateMemory(config: ModelConfig, options: EstimateOptions = {}): MemoryEstimate {
  const { device = 'wasm', dtype = 'float32', formats, cacheDType = 'float32', threads = 1 } = options;
  const batch = count('batch', options.batch ?? 1, 1);
  const generation = count('generationTokens', options.generationTokens ?? 0, 0);
  const context = count('contextTokens', options.contextTokens ?? config.maxPositions - generation, 1);
  const tokens = context + generation;
  if (tokens > config.maxPositions)
    throw new RangeError(
      `Cannot estimate memory: ${tokens} tokens, but the model takes at most ${config.maxPositions}`,
    );
  const layout = memoryLayout(device, threads);
  const stepTokens = Math.max(batch, engineLimits({}).maxNumBatchedTokens);
  const format = formatOf(dtype);
  const measured = measureModel(config, layout, { dtype: format, formats, cacheDType, batch, tokens, stepTokens });
  const { weightBytes, kvCacheBytes, workspaceBytes } = measured;
  return {
    numParameters: countParameters(decoderOnlyParameters(config)),
    ...measured,
    totalBytes: weightBytes + kvCacheBytes + workspaceBytes,
    formula: cacheFormula(config, { batch, tokens, bytesPerElement: bytesPerElement(cacheDType) }),
  };
}

function formatOf(dtype: MatrixFormat | QuantizationName): MatrixFormat {
  return typeof dtype === 'string' && dtype in QUANTIZATIONS
    ? QUANTIZATIONS[dtype as QuantizationName]
    : (dtype as MatrixFormat);
}

function cacheFormula(
  config: ModelConfig,
  { batch, tokens, bytesPerElement }: Pick<CacheFormula, 'batch' | 'tokens' | 'bytesPerElement'>,
): CacheFormula {
  const { numLayers, numKvHeads: kvHeads, headSize } = config;
  const bytes = 2 * numLayers * batch * kvHeads * headSize * tokens * bytesPerElement;
  return { numLayers, batch, kvHeads, headSize, tokens, bytesPerElement, bytes };
}

function count(name: string, value: number, minimum: number): number {
  if (Number.isSafeInteger(value) && value >= minimum) return value;
  throw new RangeError(`Cannot estimate memory: ${name} is ${value}, wanted a whole number of at least ${minimum}`);
}
