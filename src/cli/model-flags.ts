import { WEIGHT_DTYPES, type WeightDType } from '../backend/dtype.ts';
import { type BackendOptions, DEVICES, type Device } from '../create-backend.ts';
import { LLM } from '../llm/llm.ts';
import { type Flag, oneOf, wholeNumber } from './flags.ts';
import { formatCount } from './format.ts';
import { LoadProgressBar } from './load-progress.ts';
import { openSmallRandomModel } from './small-random-model.ts';
import type { Terminal } from './terminal.ts';

/** What the options below parse to. */
export interface ModelFlags {
  readonly model?: string;
  readonly revision?: string;
  readonly device?: Device;
  readonly dtype?: WeightDType | 'auto';
  readonly threads?: number;
  readonly numerics?: NonNullable<BackendOptions['numerics']>;
  readonly contextLength?: number;
  readonly seed?: number;
  readonly json?: boolean;
}

const MODEL: Flag = {
  flags: '-m, --model <folder>',
  description: 'a Hugging Face folder, or the hub id of one, such as openai-community/gpt2',
};

export const REVISION: Flag = { flags: '--revision <name>', description: 'a branch, tag or commit of a hub id' };

export const DEVICE: Flag = {
  flags: '--device <name>',
  description: 'wasm, which is fast and the default, or reference, plain TypeScript in float64',
  parse: oneOf(DEVICES),
};

export const DTYPE: Flag = {
  flags: '--dtype <name>',
  description: `width of the weights in memory: auto (as in the file), ${WEIGHT_DTYPES.join(', ')}`,
  parse: oneOf(['auto', ...WEIGHT_DTYPES]),
};

export const THREADS: Flag = {
  flags: '--threads <count>',
  description: 'threads that compute; the processors unless given. The numbers do not depend on it',
  parse: wholeNumber(1),
};

/** The options of every command that runs a model. */
export const MODEL_FLAGS: readonly Flag[] = [
  MODEL,
  REVISION,
  DEVICE,
  DTYPE,
  THREADS,
  {
    flags: '--numerics <kind>',
    description: 'fused (one rounding, where the machine can) or portable (the same bits on every machine)',
    parse: oneOf(['fused', 'portable']),
  },
  {
    flags: '--context-length <tokens>',
    description: 'longest sequence, prompt included; what the model takes, but at most 4096, unless given',
    parse: wholeNumber(1),
  },
  {
    flags: '--seed <number>',
    description: 'of the random draws: the same seed gives the same text. Scoring draws nothing',
    parse: wholeNumber(0),
  },
];

export interface OpenedModel {
  readonly llm: LLM;
  readonly loadMs: number;
}

/** Loads the model that the options name, or makes a small random one and says so. */
export async function openModel(terminal: Terminal, flags: ModelFlags, signal: AbortSignal): Promise<OpenedModel> {
  const { model, revision, device, dtype, threads, numerics, contextLength, json = false } = flags;
  const bar = new LoadProgressBar(terminal, { isQuiet: json });
  const options = {
    ...{ device, dtype, threads, numerics, contextLength, signal },
    onProgress: (progress: Parameters<LoadProgressBar['update']>[0]) => bar.update(progress),
  };
  const start = performance.now();
  let llm: LLM;
  try {
    llm = await (model === undefined ? openSmallRandomModel(options) : LLM.load(model, { ...options, revision }));
  } finally {
    bar.stop();
  }
  const loadMs = performance.now() - start;
  if (model === undefined) {
    const size = formatCount(llm.model.numParameters);
    terminal.note(`kvasir: no --model given; this is a model of ${size} random weights, so the result is noise`);
  }
  return { llm, loadMs };
}
