import {
  isNeutral,
  isUnsupported,
  type NamedOptions,
  optionNamed,
  readOption,
  suggestOption,
} from './generation-option-names.ts';
import { wholeNumber } from './option-readers.ts';

/** How one sequence is generated: neutral names, every value present and checked, frozen. */
export interface GenerationOptions {
  /** Most tokens to generate. 256 if neither it nor `maxLength` is given; the model's context bounds it in any case. */
  readonly maxNewTokens: number | undefined;
  /** Most tokens of prompt and generated text together. Where both limits are given, both hold. */
  readonly maxLength: number | undefined;
  /** Stop tokens are not chosen, and stop strings not seen, before this many tokens. */
  readonly minNewTokens: number;
  /** Like `minNewTokens`, counting the prompt. */
  readonly minLength: number;
  /** 0 is greedy: the likeliest token, the lowest id of equals. */
  readonly temperature: number;
  /** Draws from the `topK` likeliest tokens; 0 is all. */
  readonly topK: number;
  /** Draws from the fewest tokens whose probabilities add up to `topP`; 1 is all. */
  readonly topP: number;
  /** Draws from the tokens at least `minP` times as likely as the likeliest; 0 is all. */
  readonly minP: number;
  /** Divides positive and multiplies negative logits of tokens of the prompt and the generated text; 1 is none. */
  readonly repetitionPenalty: number;
  /** Taken from a token's logit for each time it was generated, −2 to 2; the prompt does not count. */
  readonly frequencyPenalty: number;
  /** Taken once from the logit of each token that was generated, −2 to 2; the prompt does not count. */
  readonly presencePenalty: number;
  /** Generation ends when the text comes to hold one of these; the text given out ends before it. */
  readonly stopStrings: readonly string[];
  /** Generation ends after one of these; it adds no text. End-of-text tokens are among them. */
  readonly stopTokenIds: readonly number[];
  /** Of the random draws; undefined draws a seed, which the result reports. */
  readonly seed: number | undefined;
  /** undefined: no log probabilities; else those of each chosen token and of this many likeliest tokens. */
  readonly logProbs: number | undefined;
}

/** What a model's generation_config.json says. */
export interface GenerationDefaults {
  readonly values: NamedOptions;
  /** Begins a text; stands in for an empty prompt. */
  readonly bosTokenId: number | undefined;
  /** Keys that ask for something and have no effect here: unknown ones and those not supported yet. */
  readonly ignored: readonly string[];
}

const DEFAULT_MAX_NEW_TOKENS = 256;

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
 * Checks a user's options and fills in the model's defaults. Names may be ours, Hugging Face's or OpenAI's
 * (`GenerationInput`); `null` and `undefined` mean absent.
 *
 * The user's options win over the model's, and these over the neutral values. **Sampling or greedy:** the user's
 * `temperature` and `doSample` decide; else the user's `topK`, `topP` or `minP`, which mean something only when drawing, ask
 * for sampling; else the model's `do_sample` decides, and without it the choice is greedy, as in Hugging Face Transformers.
 * Sampling takes the temperature of the user, of the model, or 1. Unlike there, no hidden `top_k` of 50 is added.
 *
 * Throws a `TypeError` for unknown or not yet supported options, wrong types and options that contradict each other, and a
 * `RangeError` for impossible values.
 */
export function parseGenerationOptions(input: object = {}, defaults?: GenerationDefaults): GenerationOptions {
  const user = readNamedOptions(input, 'generation options', rejectOption);
  const model = defaults?.values ?? {};
  const options: GenerationOptions = {
    ...chooseLengths(user, model),
    temperature: chooseTemperature(user, model),
    topK: user.topK ?? model.topK ?? 0,
    topP: user.topP ?? model.topP ?? 1,
    minP: user.minP ?? model.minP ?? 0,
    repetitionPenalty: user.repetitionPenalty ?? model.repetitionPenalty ?? 1,
    frequencyPenalty: user.frequencyPenalty ?? model.frequencyPenalty ?? 0,
    presencePenalty: user.presencePenalty ?? model.presencePenalty ?? 0,
    stopStrings: Object.freeze(user.stopStrings ?? model.stopStrings ?? []),
    stopTokenIds: Object.freeze(chooseStopTokens(user, model)),
    seed: user.seed ?? model.seed,
    logProbs: chooseLogProbs(user, model),
  };
  return Object.freeze(options);
}

function readNamedOptions(
  input: unknown,
  source: string,
  readOther: (name: string, value: unknown) => void,
): NamedOptions {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new TypeError(`Cannot read ${source}: ${show(input)}, but it must be an object`);
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
    if (earlier !== undefined && JSON.stringify(value) !== JSON.stringify(options[option])) {
      throw new TypeError(
        `Cannot read ${source}: ${earlier} is ${show(options[option])} and ${name} is ${show(value)}, but they are one option`,
      );
    }
    options[option] = value;
    spellings.set(option, name);
  }
  return options;
}

function rejectOption(name: string, value: unknown): void {
  if (!isUnsupported(name)) {
    throw new TypeError(`Cannot read generation options: unknown option ${show(name)}${suggestOption(name)}`);
  }
  if (!isNeutral(name, value)) {
    throw new TypeError(`Cannot read generation options: ${name} is ${show(value)}, which is not supported yet`);
  }
}

/** A user who limits the length in either way replaces both of the model's limits, and may go below the model's least. */
function chooseLengths(user: NamedOptions, model: NamedOptions) {
  const most = user.maxNewTokens === undefined && user.maxLength === undefined ? model : user;
  const least = user.minNewTokens === undefined && user.minLength === undefined ? model : user;
  const { maxLength } = most;
  const maxNewTokens = most.maxNewTokens ?? (maxLength === undefined ? DEFAULT_MAX_NEW_TOKENS : undefined);
  let { minNewTokens = 0, minLength = 0 } = least;
  if (most === user && least === model) {
    minNewTokens = Math.min(minNewTokens, maxNewTokens ?? minNewTokens);
    minLength = Math.min(minLength, maxLength ?? minLength);
  }
  requireOrder('minNewTokens', minNewTokens, 'maxNewTokens', maxNewTokens);
  requireOrder('minLength', minLength, 'maxLength', maxLength);
  return { maxNewTokens, maxLength, minNewTokens, minLength };
}

function requireOrder(minName: string, min: number, maxName: string, max: number | undefined): void {
  if (max === undefined || min <= max) return;
  throw new RangeError(`Cannot read generation options: ${minName} is ${min}, but ${maxName} is ${max}`);
}

function chooseTemperature(user: NamedOptions, model: NamedOptions): number {
  const { doSample, temperature } = user;
  if (doSample !== undefined && temperature !== undefined && doSample !== temperature > 0) {
    const wanted = doSample ? 'sampling needs one above 0' : 'without sampling it must be 0 or left out';
    throw new TypeError(
      `Cannot read generation options: doSample is ${doSample} and temperature is ${temperature}, but ${wanted}`,
    );
  }
  if (temperature !== undefined) return temperature;
  const isFiltered = (user.topK ?? 0) > 0 || (user.topP ?? 1) < 1 || (user.minP ?? 0) > 0;
  const isSampled = doSample ?? (isFiltered || (model.doSample ?? false));
  return isSampled ? sampledTemperature(model) : 0;
}

/** A model's temperature of 0 is no answer to a user who asks for sampling. */
function sampledTemperature(model: NamedOptions): number {
  return model.temperature || 1;
}

function chooseStopTokens(user: NamedOptions, model: NamedOptions): readonly number[] {
  if (user.ignoreEos && user.eosTokenId !== undefined) {
    throw new TypeError('Cannot read generation options: ignoreEos is true, but eosTokenId is given too');
  }
  const ignoreEos = user.ignoreEos ?? model.ignoreEos ?? false;
  const endOfText = ignoreEos ? [] : (user.eosTokenId ?? model.eosTokenId ?? []);
  return [...new Set([...endOfText, ...(user.stopTokenIds ?? model.stopTokenIds ?? [])])];
}

/** `logProbs: 5`, and `logprobs: true, top_logprobs: 5` of OpenAI's chat, both ask for five beside the chosen one. */
function chooseLogProbs(user: NamedOptions, model: NamedOptions): number | undefined {
  const { logProbs, topLogProbs } = user.logProbs === undefined && user.topLogProbs === undefined ? model : user;
  const isContradiction = typeof logProbs === 'number' ? logProbs !== topLogProbs : logProbs === false;
  if (topLogProbs !== undefined && logProbs !== undefined && isContradiction) {
    throw new TypeError(
      `Cannot read generation options: logProbs is ${logProbs} and topLogProbs is ${topLogProbs}, but they must agree`,
    );
  }
  if (topLogProbs !== undefined) return topLogProbs;
  if (typeof logProbs === 'number') return logProbs;
  return logProbs ? 0 : undefined;
}

function describer(source: string, name: string): (value: unknown) => string {
  return (value) => `Cannot read ${source}: ${name} is ${show(value)}`;
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (Array.isArray(value)) return value.length > 8 ? `a list of ${value.length}` : `[${value.map(show).join(', ')}]`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}
