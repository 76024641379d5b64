import { bytesPerElement, type CacheDType, type MatrixFormat } from '../backend/dtype.ts';
import type { EncoderDecoderConfig } from '../config/encoder-decoder-config.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { type Device, memoryLayout } from '../create-backend.ts';
import { engineLimits } from '../engine/engine-options.ts';
import { hasEncoder, languageModelParameters } from '../models/language-model.ts';
import type { MatrixFormats } from '../models/matrix-formats.ts';
import { measureEncoderDecoder } from '../models/measure-encoder-decoder.ts';
import { type MeasuredWork, measureModel } from '../models/measure-model.ts';
import { countParameters } from '../models/parameter-spec.ts';
import { QUANTIZATIONS, type QuantizationName } from '../quantized/quantization-scheme.ts';
import { MAX_USUAL_SOURCE, MAX_USUAL_TARGET } from './load-options.ts';

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
  /**
   * Tokens of each prompt; the model's longest sequence less the generated tokens unless given. With an encoder, tokens of each
   * source: the longest, but at most 1024, unless given.
   */
  readonly contextTokens?: number | undefined;
  /**
   * Tokens generated after each prompt; 0 unless given. With an encoder, tokens of each target, what it begins with included: the
   * longest, but at most 512, unless given.
   */
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
  /** With an encoder: the part of the cache that the sources take, which cross-attention reads. */
  readonly sourceCacheBytes?: number | undefined;
  /** Activations and scratch of the largest step. */
  readonly workspaceBytes: number;
  readonly totalBytes: number;
  /**
   * 2 · layers · batch · key/value heads · head size · (context + generation) · bytes: the cache without whole blocks and the scales
   * of int8. With an encoder, both sides of the decoder's layers: self-attention over targets and cross-attention over sources.
   */
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
 * What a model of either kind will need on a device, without loading it. With an encoder, each target has a source of its own; beams
 * and samples share theirs, and take less. Throws a `RangeError` for counts that cannot be, or more tokens
 * than the model takes.
 *
 * @example
 * const { config } = modelPreset('gpt2-xl');
 * estimateMemory(config, { dtype: 'bfloat16', contextTokens: 1000, generationTokens: 24 }).totalBytes;
 */
export function estimateMemory(
  config: ModelConfig | EncoderDecoderConfig,
  options: EstimateOptions = {},
): MemoryEstimate {
  const { device = 'wasm', dtype = 'float32', formats, cacheDType = 'float32', threads = 1 } = options;
  const batch = count('batch', options.batch ?? 1, 1);
  const layout = memoryLayout(device, threads);
  const stepTokens = Math.max(batch, engineLimits({}).maxNumBatchedTokens);
  const lengths = lengthsOf(config, options);
  const { tokens } = lengths;
  const work = { dtype: formatOf(dtype), formats, cacheDType, batch, stepTokens };
  const measured = hasEncoder(config)
    ? measureEncoderDecoder(config, layout, { ...work, ...lengths })
    : measureModel(config, layout, { ...work, tokens });
  return {
    numParameters: countParameters(languageModelParameters(config)),
    ...measured,
    totalBytes: measured.weightBytes + measured.kvCacheBytes + measured.workspaceBytes,
    formula: cacheFormula(config, { batch, tokens, bytesPerElement: bytesPerElement(cacheDType) }),
  };
}

/** Tokens of a source and of its target, or of a prompt and what is generated after it, and of both together. */
interface Lengths extends Pick<MeasuredWork, 'tokens'> {
  readonly sourceTokens: number;
  readonly targetTokens: number;
}

function lengthsOf(config: ModelConfig | EncoderDecoderConfig, options: EstimateOptions): Lengths {
  const { maxPositions } = config;
  const expectRoom = (tokens: number, what: string) => {
    if (tokens > maxPositions)
      throw new RangeError(
        `Cannot estimate memory: ${tokens} tokens${what}, but the model takes at most ${maxPositions}`,
      );
  };
  const isPair = hasEncoder(config);
  const usualTarget = isPair ? Math.min(maxPositions, MAX_USUAL_TARGET) : 0;
  const targetTokens = count('generationTokens', options.generationTokens ?? usualTarget, isPair ? 1 : 0);
  const usualSource = isPair ? Math.min(maxPositions, MAX_USUAL_SOURCE) : maxPositions - targetTokens;
  const sourceTokens = count('contextTokens', options.contextTokens ?? usualSource, 1);
  const tokens = sourceTokens + targetTokens;
  if (isPair) {
    expectRoom(sourceTokens, ' of a source');
    expectRoom(targetTokens, ' of a target');
  } else expectRoom(tokens, '');
  return { sourceTokens, targetTokens, tokens };
}

function formatOf(dtype: MatrixFormat | QuantizationName): MatrixFormat {
  return typeof dtype === 'string' && dtype in QUANTIZATIONS
    ? QUANTIZATIONS[dtype as QuantizationName]
    : (dtype as MatrixFormat);
}

function cacheFormula(
  config: ModelConfig | EncoderDecoderConfig,
  { batch, tokens, bytesPerElement }: Pick<CacheFormula, 'batch' | 'tokens' | 'bytesPerElement'>,
): CacheFormula {
  const { numLayers, headSize } = hasEncoder(config) ? config.decoder : config;
  const kvHeads = hasEncoder(config) ? config.decoder.numHeads : config.numKvHeads;
  const bytes = 2 * numLayers * batch * kvHeads * headSize * tokens * bytesPerElement;
  return { numLayers, batch, kvHeads, headSize, tokens, bytesPerElement, bytes };
}

function count(name: string, value: number, minimum: number): number {
  if (Number.isSafeInteger(value) && value >= minimum) return value;
  throw new RangeError(`Cannot estimate memory: ${name} is ${value}, wanted a whole number of at least ${minimum}`);
}
