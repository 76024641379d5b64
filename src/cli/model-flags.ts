import { CACHE_DTYPES, type CacheDType, WEIGHT_DTYPES } from '../backend/dtype.ts';
import { type BackendOptions, DEVICES, type Device } from '../create-backend.ts';
import { engineLimits } from '../engine/engine-options.ts';
import { BUNDLED_MODELS, type BundledModel } from '../hub/bundled-models.ts';
import { LLM } from '../llm/llm.ts';
import type { LoadOptions } from '../llm/load-options.ts';
import type { LoadedDType } from '../models/load-matrix.ts';
import { QUANTIZATION_NAMES } from '../quantized/quantization-scheme.ts';
import { type FlagNames, flagNames, speakingOfFlags } from './flag-names.ts';
import { oneOf, wholeNumber } from './flag-values.ts';
import type { Flag } from './flags.ts';
import { formatCount } from './format.ts';
import { LoadProgressBar } from './load-progress.ts';
import type { Terminal } from './terminal.ts';

/** What the options below parse to. */
export interface ModelFlags {
  readonly model?: string;
  readonly revision?: string;
  readonly adapter?: string;
  readonly mergeAdapter?: string;
  readonly device?: Device;
  readonly dtype?: LoadedDType;
  readonly threads?: number;
  readonly numerics?: NonNullable<BackendOptions['numerics']>;
  readonly contextLength?: number;
  readonly seed?: number;
  readonly json?: boolean;
  readonly cacheTokens?: number;
  readonly cacheDtype?: CacheDType;
  readonly maxNumSequences?: number;
  readonly maxNumBatchedTokens?: number;
  readonly prefixCache?: boolean;
  readonly draftModel?: string;
}

export const MODEL: Flag = {
  flags: '-m, --model <folder>',
  description: `a Hugging Face folder, a .gguf file, a hub id, such as openai-community/gpt2 or, for one of its GGUF files, org/name:Q4_0, or a bundled model: ${BUNDLED_MODELS.join(', ')}`,
};

export const REVISION: Flag = { flags: '--revision <name>', description: 'a branch, tag or commit of a hub id' };

export const ADAPTER: Flag = {
  flags: '--adapter <folder>',
  description: "a LoRA adapter of the model, in PEFT's layout, that the text goes through",
};

const MERGE_ADAPTER: Flag = {
  flags: '--merge-adapter <folder>',
  description:
    'an adapter that becomes part of the weights: as fast as the model alone, and rounded as its weights are',
  isRare: true,
};

export const DEVICE: Flag = {
  flags: '--device <name>',
  description: 'wasm, which is fast and the default, or reference, plain TypeScript in float64',
  parse: oneOf(DEVICES),
};

const FLOAT_DTYPES = ['auto', ...WEIGHT_DTYPES] as const;

export const DTYPE: Flag = {
  flags: '--dtype <name>',
  description: `the weights in memory: auto (as in the file), ${WEIGHT_DTYPES.join(', ')}, or rounded to codes: ${QUANTIZATION_NAMES.join(', ')}`,
  parse: oneOf([...FLOAT_DTYPES, ...QUANTIZATION_NAMES]),
};

/** Where weights must be floats. */
export const FLOAT_DTYPE: Flag = {
  flags: '--dtype <name>',
  description: `width of the weights: auto (as in the file), ${WEIGHT_DTYPES.join(', ')}`,
  parse: oneOf(FLOAT_DTYPES),
};

export const THREADS: Flag = {
  flags: '--threads <count>',
  description: 'threads that compute; the processors unless given. The numbers do not depend on it',
  parse: wholeNumber(1),
};

export const NUMERICS: Flag = {
  flags: '--numerics <kind>',
  description: 'fused (one rounding, where the machine can) or portable (the same bits on every machine)',
  parse: oneOf(['fused', 'portable']),
};

const CONTEXT_LENGTH: Flag = {
  flags: '--context-length <tokens>',
  description: 'longest sequence, prompt included; what the model takes, but at most 4096, unless given',
  parse: wholeNumber(1),
};

export const SEED: Flag = {
  flags: '--seed <number>',
  description: 'of the random draws: the same seed gives the same text. Scoring draws nothing',
  parse: wholeNumber(0),
};

/** The options of every command that runs a model. */
export const MODEL_FLAGS: readonly Flag[] = [
  ...[MODEL, REVISION, ADAPTER, MERGE_ADAPTER, DEVICE, DTYPE, THREADS, NUMERICS, CONTEXT_LENGTH, SEED],
];

export const CACHE_TOKENS: Flag = {
  flags: '--cache-tokens <tokens>',
  description: 'size of the KV cache that all sequences share; at least --context-length',
  parse: wholeNumber(1),
};

export const CACHE_DTYPE: Flag = {
  flags: '--cache-dtype <name>',
  description: `element type of the KV cache: ${CACHE_DTYPES.join(', ')} (float32); narrow ones save memory and round`,
  parse: oneOf(CACHE_DTYPES),
};

/** How much is computed at once. */
export const BATCH_FLAGS: readonly Flag[] = [
  {
    flags: '--max-num-sequences <count>',
    description: 'most sequences at once, beams and samples counted (32)',
    parse: wholeNumber(1),
  },
  {
    flags: '--max-num-batched-tokens <count>',
    description: 'most tokens of one step (256)',
    parse: wholeNumber(1),
  },
];

/** How the engine of a command that generates serves its requests. */
export const ENGINE_FLAGS: readonly Flag[] = [
  CACHE_TOKENS,
  CACHE_DTYPE,
  ...BATCH_FLAGS,
  { flags: '--no-prefix-cache', description: 'compute what texts have in common for each of them' },
];

const ADAPTER_NAME = 'adapter';

const MODEL_NAMES = flagNames(MODEL_FLAGS, ENGINE_FLAGS);

export interface OpenedModel {
  readonly llm: LLM;
  readonly loadMs: number;
  /** What requests call the adapter of the flags. */
  readonly adapter: string | undefined;
}

/** The model of a command that names none. */
const DEFAULT_MODEL: BundledModel = 'stories';

/** Loads the model that the options name, or the one of short stories that comes with Kvasir, and says so. */
export async function openModel(
  terminal: Terminal,
  flags: ModelFlags,
  signal: AbortSignal,
  options: Pick<LoadOptions, 'maxQueueLength'> = {},
): Promise<OpenedModel> {
  const { model = DEFAULT_MODEL, revision } = flags;
  const opened = await loadWith({ terminal, flags, signal }, (flagOptions) =>
    LLM.load(model, { ...flagOptions, ...options, revision }),
  );
  if (flags.model === undefined) {
    const size = formatCount(opened.llm.model.numParameters);
    terminal.note(
      `kvasir: no --model given; this is the bundled model "${model}", ${size} parameters, of short stories`,
    );
  }
  return opened;
}

/**
 * Loads a model with the options that the flags stand for, and a bar. Throws a `UsageError` for those that the model or
 * the engine cannot take.
 */
export async function loadWith(
  by: {
    readonly terminal: Terminal;
    readonly flags: ModelFlags;
    readonly signal: AbortSignal;
    readonly names?: FlagNames;
  },
  load: (options: LoadOptions) => Promise<LLM>,
): Promise<OpenedModel> {
  const { device, dtype, threads, numerics, contextLength, json = false } = by.flags;
  const { cacheTokens, cacheDtype, maxNumSequences, maxNumBatchedTokens, prefixCache, draftModel } = by.flags;
  const { adapter, mergeAdapter } = by.flags;
  const bar = new LoadProgressBar(by.terminal, { isQuiet: json });
  const start = performance.now();
  try {
    const llm = await speakingOfFlags(by.names ?? MODEL_NAMES, async () => {
      engineLimits({ maxNumSequences, maxNumBatchedTokens });
      return load({
        ...{ device, dtype, threads, numerics, contextLength, signal: by.signal },
        ...{ cacheTokens, cacheDType: cacheDtype, maxNumSequences, maxNumBatchedTokens, prefixCache, draftModel },
        ...{ adapters: adapter === undefined ? {} : { [ADAPTER_NAME]: adapter }, mergeAdapter },
        onProgress: (progress) => bar.update(progress),
      });
    });
    const loadMs = performance.now() - start;
    return { llm, loadMs, adapter: adapter && ADAPTER_NAME };
  } finally {
    bar.stop();
  }
}
