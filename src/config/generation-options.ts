import { chooseLengths, chooseLogProbs, chooseStopTokens, chooseTemperature } from './choose-options.ts';
import { findConflict, requireMasters } from './generation-conflicts.ts';
import {
  isNeutral,
  isUnsupported,
  type NamedOptions,
  optionNamed,
  readOption,
  suggestOption,
} from './generation-option-names.ts';
import { type GenerationOptions, NEUTRAL_OPTIONS } from './neutral-options.ts';
import { wholeNumber } from './option-readers.ts';
import { showValue } from './show-value.ts';

export type { GenerationOptions } from './neutral-options.ts';

/** What a model's generation_config.json says. */
export interface GenerationDefaults {
  readonly values: NamedOptions;
  /** Begins a text; stands in for an empty prompt. */
  readonly bosTokenId: number | undefined;
  /** Keys that ask for something and have no effect here: unknown ones and those not supported. */
  readonly ignored: readonly string[];
}

/**
 * Reads a generation_config.json. Keys that say nothing about generation are passed over; what cannot be honoured is listed
 * in `ignored`. Throws a `TypeError` or `RangeError` for values that cannot be.
 */
export function readGenerationConfig(json: unknown): GenerationDefaults {
  const source = 'generation_config.json';
  const ignored: string[] = [];
  const values = readNamedOptions(json, source, (name, value) => {
    if (!isBookkeeping(name) && !(isUnsupported(name) && isNeutral(name, value))) ignored.push(name);
  });
  const bos = (json as Record<string, unknown>).bos_token_id ?? undefined;
  const bosTokenId = bos === undefined ? undefined : wholeNumber(0)(bos, describer(source, 'bos_token_id'));
  return Object.freeze({ values, bosTokenId, ignored });
}

/** Nothing is padded here, and the bos token is read apart. */
function isBookkeeping(name: string): boolean {
  return name.startsWith('_') || ['transformers_version', 'bos_token_id', 'pad_token_id'].includes(name);
}

/**
 * Checks a user's options and fills in the model's defaults. Names may be ours, Hugging Face's, OpenAI's, vLLM's or
 * llama.cpp's (`GenerationInput`); `null` and `undefined` mean absent.
 *
 * The user's options win over the model's, and these over `NEUTRAL_OPTIONS`; what the model says and does not fit with the
 * rest is dropped. **Sampling or greedy:** the user's `temperature` and `doSample` decide; else any option of the user's that
 * means something only when drawing (`topK` and the other filters, Mirostat, dynamic temperature) asks for sampling; else the
 * model's `do_sample` decides, and without it the choice is greedy, as in Hugging Face Transformers. Sampling takes the
 * temperature of the user, of the model, or 1. Unlike there, no hidden `top_k` of 50 is added. With `penaltyAlpha`, `topK` is
 * part of contrastive search, which does not sample.
 *
 * Throws a `TypeError` for unknown or not supported options, wrong types and options that cannot go together, and a
 * `RangeError` for impossible values.
 */
export function parseGenerationOptions(input: object = {}, defaults?: GenerationDefaults): GenerationOptions {
  const user = readNamedOptions(input, 'generation options', rejectOption);
  let model = defaults?.values ?? {};
  for (;;) {
    const options = merge(user, model);
    const conflict = findConflict(options);
    if (conflict === undefined) {
      requireMasters(user, options);
      return Object.freeze(options);
    }
    const rest = withoutOne(model, conflict.between, user);
    if (rest === model) throw new TypeError(`Cannot read generation options: ${conflict.problem}`);
    model = rest;
  }
}

function merge(user: NamedOptions, model: NamedOptions): GenerationOptions {
  const { doSample: _, eosTokenId: _1, ignoreEos: _2, topLogProbs: _3, ...values } = { ...model, ...user };
  const options = {
    ...NEUTRAL_OPTIONS,
    ...values,
    ...chooseLengths(user, model),
    temperature: chooseTemperature(user, model),
    stopTokenIds: chooseStopTokens(user, model),
    logProbs: chooseLogProbs(user, model),
  };
  const { bestOf, numReturnSequences } = options;
  // One drawn and one returned: nothing is chosen among.
  return { ...options, bestOf: bestOf === 1 && numReturnSequences === 1 ? undefined : bestOf };
}

/** The model's options less the first of `names` that the user does not have; itself if there is none. */
function withoutOne(model: NamedOptions, names: readonly (keyof NamedOptions)[], user: NamedOptions): NamedOptions {
  const dropped = names.find((name) => name in model && !(name in user));
  if (dropped === undefined) return model;
  const { [dropped]: _, ...rest } = model;
  return rest;
}

function readNamedOptions(
  input: unknown,
  source: string,
  readOther: (name: string, value: unknown) => void,
): NamedOptions {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new TypeError(`Cannot read ${source}: ${showValue(input)}, but it must be an object`);
  }
  const options: Record<string, unknown> = {};
  const spellings = new Map<string, string>();
  for (const [name, given] of Object.entries(input)) {
    if (given === null || given === undefined) continue;
    const option = optionNamed(name);
    if (option === undefined) {
      readOther(name, given);
      continue;
    }
    const value = readOption(option, given, describer(source, name));
    const earlier = spellings.get(option);
    if (earlier !== undefined && canonical(value) !== canonical(options[option])) {
      throw new TypeError(
        `Cannot read ${source}: ${earlier} is ${showValue(options[option])} and ${name} is ${showValue(value)}, but they are one option`,
      );
    }
    options[option] = value;
    spellings.set(option, name);
  }
  return options;
}

/** Equal for equal values. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part) =>
    part instanceof Map ? [...part] : typeof part === 'number' ? String(part) : part,
  );
}

function rejectOption(name: string, value: unknown): void {
  if (!isUnsupported(name)) {
    throw new TypeError(`Cannot read generation options: unknown option ${showValue(name)}${suggestOption(name)}`);
  }
  if (!isNeutral(name, value)) {
    throw new TypeError(`Cannot read generation options: ${name} is ${showValue(value)}, which is not supported yet`);
  }
}

function describer(source: string, name: string): (value: unknown) => string {
  return (value) => `Cannot read ${source}: ${name} is ${showValue(value)}`;
}
