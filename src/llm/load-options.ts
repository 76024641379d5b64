import type { LoraAdapter } from '../adapters/lora-adapter.ts';
import { CACHE_BLOCK_SIZE } from '../backend/backend.ts';
import { CACHE_DTYPES, type CacheDType, WEIGHT_DTYPES } from '../backend/dtype.ts';
import { didYouMean } from '../base/suggest.ts';
import { showValue } from '../config/show-value.ts';
import { type BackendOptions, DEVICES } from '../create-backend.ts';
import { ENGINE_OPTION_NAMES, type EngineOptions } from '../engine/engine-options.ts';
import type { HubProgress } from '../hub/resolve-model.ts';
import type { LanguageModel } from '../models/language-model.ts';
import type { LoadedDType } from '../models/load-matrix.ts';
import type { LoadProgress } from '../models/load-parameters.ts';
import { QUANTIZATION_NAMES } from '../quantized/quantization-scheme.ts';
import type { ChatTemplate } from '../tokenizers/chat-template.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** How far a load has come: files on their way from the hub, then tensors on their way to the device. */
export type Progress = HubProgress | LoadProgress;

/** How to load a model, and onto what. */
export interface LoadOptions extends BackendOptions, EngineOptions {
  /**
   * What the weights are in memory: floats of a width, or codes of 8 or 4 bits, each rounded to the nearest (`int8`, `int4` and
   * their variants). `auto` (the default) keeps the file's own, the codes of a GGUF file too.
   */
  readonly dtype?: LoadedDType | undefined;
  /**
   * The longest sequence, prompt included; in models with an encoder the longest target. Unless given, what the model takes, but
   * at most 4096, or 512 for targets.
   */
  readonly contextLength?: number | undefined;
  /**
   * Tokens of the KV cache, which all requests share. Unless given, four times `contextLength` but no more than 4096, or
   * `contextLength` if that is more; with an encoder, as much as the longest source, but at most 1024 tokens of one, and
   * five beams of the longest target.
   */
  readonly cacheTokens?: number | undefined;
  /**
   * What keys and values are kept in: float32 unless given; bfloat16 and float16 take half the memory, int8 (with a scale for
   * each token and head) little more than a quarter. Narrow ones round, so texts may differ. A draft model's cache too.
   */
  readonly cacheDType?: CacheDType | undefined;
  /**
   * A smaller model of the same vocabulary, by folder or hub id, that guesses tokens for this one to check (speculative
   * decoding). It takes its own weights, and a cache of as many tokens.
   */
  readonly draftModel?: string | undefined;
  /**
   * Folders of adapters in PEFT's layout, by the names that requests choose them by (`adapter: 'name'`). They are kept apart
   * from the model, so that requests with different ones, or none, share its steps.
   */
  readonly adapters?: Readonly<Record<string, string>> | undefined;
  /** The folder of an adapter that becomes part of the weights, in float32 before these are rounded to `dtype`. */
  readonly mergeAdapter?: string | undefined;
  /** A branch, tag or commit of a hub id; `main` unless given. */
  readonly revision?: string | undefined;
  /** Aborts the load; nothing stays behind. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** How a model's requests are served. */
export type CacheOptions = EngineOptions & Pick<LoadOptions, 'contextLength' | 'cacheTokens' | 'cacheDType'>;

/** What goes with a model that is lent to an `LLM`. */
export interface LentOptions extends CacheOptions {
  readonly tokenizer?: Tokenizer | undefined;
  readonly chatTemplate?: ChatTemplate | undefined;
  /** Adapters of the model, by the names that requests choose them by. */
  readonly adapters?: Readonly<Record<string, LoraAdapter>> | undefined;
}

const KNOWN = [
  'device',
  'dtype',
  'threads',
  'numerics',
  'contextLength',
  'cacheTokens',
  'cacheDType',
  'draftModel',
  'adapters',
  'mergeAdapter',
  ...ENGINE_OPTION_NAMES,
  'revision',
  'signal',
  'onProgress',
] as const satisfies readonly (keyof LoadOptions)[];

const KNOWN_OF_LENT = [
  ...['contextLength', 'cacheTokens', 'cacheDType', 'tokenizer', 'chatTemplate', 'adapters'],
  ...ENGINE_OPTION_NAMES,
] as readonly (keyof LentOptions)[];

/** Throws a `TypeError` for an unknown option. */
export function checkLentOptions(options: LentOptions): void {
  expectKnown('Cannot use a model', options, KNOWN_OF_LENT);
  oneOf('cacheDType', options.cacheDType, CACHE_DTYPES);
}

/** Throws a `TypeError` for an unknown option or a value that cannot be. */
export function checkLoadOptions(options: LoadOptions): void {
  expectKnown('Cannot load a model', options, KNOWN);
  oneOf('device', options.device, DEVICES);
  oneOf('dtype', options.dtype, ['auto', ...WEIGHT_DTYPES, ...QUANTIZATION_NAMES]);
  oneOf('cacheDType', options.cacheDType, CACHE_DTYPES);
  oneOf('numerics', options.numerics, ['fused', 'portable']);
  expectFolders(options);
}

function expectKnown(action: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options))
    if (!known.includes(name))
      throw new TypeError(`${action}: unknown option ${JSON.stringify(name)}${didYouMean(name, known)}`);
}

function expectFolders({ adapters, mergeAdapter }: LoadOptions): void {
  const isFolder = (value: unknown) => typeof value === 'string' && value !== '';
  if (mergeAdapter !== undefined && !isFolder(mergeAdapter))
    throw new TypeError(`Cannot load a model: mergeAdapter is ${showValue(mergeAdapter)}, wanted a folder`);
  if (adapters === undefined) return;
  if (typeof adapters !== 'object' || adapters === null || Array.isArray(adapters))
    throw new TypeError(`Cannot load a model: adapters is ${showValue(adapters)}, wanted folders by name`);
  for (const [name, folder] of Object.entries(adapters))
    if (name === '' || !isFolder(folder))
      throw new TypeError(
        `Cannot load a model: adapter ${JSON.stringify(name)} is ${showValue(folder)}, wanted a name and its folder`,
      );
}

/** Tokens of a source, and of a target, that there is room for unless the options say otherwise. */
export const MAX_USUAL_SOURCE = 1024;
export const MAX_USUAL_TARGET = 512;

/** The cache's length for a model that takes `maxPositions` tokens. */
export function chooseContextLength(
  wanted: number | undefined,
  { config: { maxPositions }, encoder }: LanguageModel,
): number {
  if (wanted === undefined) return Math.min(maxPositions, encoder === undefined ? 4096 : MAX_USUAL_TARGET);
  if (Number.isInteger(wanted) && wanted >= 1 && wanted <= maxPositions) return wanted;
  throw new RangeError(`Cannot load a model: contextLength is ${wanted}, wanted 1 to ${maxPositions}`);
}

/** Targets that there is room for beside a source. */
const NUM_BEAMS = 5;

/** Tokens of the cache, which must hold one sequence of the whole context. */
export function chooseCacheTokens(
  wanted: number | undefined,
  contextLength: number,
  { encoder }: LanguageModel,
): number {
  if (wanted === undefined && encoder !== undefined)
    // Beams copy blocks that they share, before they write to them.
    return Math.min(encoder.maxPositions, MAX_USUAL_SOURCE) + NUM_BEAMS * (contextLength + CACHE_BLOCK_SIZE);
  if (wanted === undefined) return Math.max(contextLength, Math.min(4 * contextLength, 4096));
  if (Number.isSafeInteger(wanted) && wanted >= contextLength) return wanted;
  throw new RangeError(
    `Cannot load a model: cacheTokens is ${wanted}, wanted at least contextLength, ${contextLength}`,
  );
}

function oneOf(name: string, value: string | undefined, known: readonly string[]): void {
  if (value === undefined || known.includes(value)) return;
  throw new TypeError(
    `Cannot load a model: ${name} is ${JSON.stringify(value)}${didYouMean(String(value), known)}; known: ${known.join(', ')}`,
  );
}
