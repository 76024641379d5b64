import { didYouMean } from '../base/suggest.ts';
import {
  boolean,
  booleanOrCount,
  type Describe,
  number,
  type OptionReader,
  strings,
  tokenIds,
  wholeNumber,
} from './option-readers.ts';

const READERS = {
  maxNewTokens: wholeNumber(1),
  maxLength: wholeNumber(1),
  minNewTokens: wholeNumber(0),
  minLength: wholeNumber(0),
  doSample: boolean,
  temperature: number((value) => value >= 0, '0 (greedy) or more'),
  topK: wholeNumber(0),
  topP: number((value) => value > 0 && value <= 1, 'above 0 and at most 1'),
  minP: number((value) => value >= 0 && value <= 1, 'from 0 to 1'),
  repetitionPenalty: number((value) => value > 0, 'above 0'),
  frequencyPenalty: number((value) => value >= -2 && value <= 2, 'from -2 to 2'),
  presencePenalty: number((value) => value >= -2 && value <= 2, 'from -2 to 2'),
  stopStrings: strings,
  eosTokenId: tokenIds,
  stopTokenIds: tokenIds,
  ignoreEos: boolean,
  seed: wholeNumber(0),
  logProbs: booleanOrCount,
  topLogProbs: wholeNumber(0),
} satisfies Record<string, OptionReader<unknown>>;

/** Values by our own names, each checked by itself. */
export type NamedOptions = { [Name in keyof typeof READERS]?: ReturnType<(typeof READERS)[Name]> };

/** Other systems' names, in camel case, for options of ours. */
const OTHER_NAMES = new Map<string, keyof NamedOptions>([
  ['maxTokens', 'maxNewTokens'],
  ['maxCompletionTokens', 'maxNewTokens'],
  ['minTokens', 'minNewTokens'],
  ['stop', 'stopStrings'],
  ['logprobs', 'logProbs'],
  ['topLogprobs', 'topLogProbs'],
]);

/** Options of other systems that we do not have yet, with the values that ask for nothing. */
const UNSUPPORTED = new Map<string, readonly unknown[]>([
  ['n', [1]],
  ['bestOf', [1]],
  ['echo', [false]],
  ['logitBias', []],
  ['suffix', ['']],
  ['numBeams', [1]],
  ['numBeamGroups', [1]],
  ['numReturnSequences', [1]],
  ['diversityPenalty', [0]],
  ['lengthPenalty', [1]],
  ['earlyStopping', [false]],
  ['penaltyAlpha', [0]],
  ['typicalP', [1]],
  ['topH', []],
  ['epsilonCutoff', [0]],
  ['etaCutoff', [0]],
  ['noRepeatNgramSize', [0]],
  ['encoderNoRepeatNgramSize', [0]],
  ['encoderRepetitionPenalty', [1]],
  ['exponentialDecayLengthPenalty', []],
  ['badWordsIds', []],
  ['badWords', []],
  ['allowedTokenIds', []],
  ['forceWordsIds', []],
  ['constraints', []],
  ['sequenceBias', []],
  ['suppressTokens', []],
  ['beginSuppressTokens', []],
  ['forcedBosTokenId', []],
  ['forcedEosTokenId', []],
  ['decoderStartTokenId', []],
  ['guidanceScale', [1]],
  ['watermarkingConfig', []],
  ['maxTime', []],
  ['promptLookupNumTokens', []],
  ['tokenHealing', [false]],
  ['dolaLayers', []],
  ['renormalizeLogits', [false]],
  ['removeInvalidValues', [false]],
  ['useCache', [true]],
  ['cacheImplementation', []],
  ['cacheConfig', []],
  ['outputScores', [false]],
  ['outputLogits', [false]],
  ['outputAttentions', [false]],
  ['outputHiddenStates', [false]],
  ['returnDictInGenerate', [false]],
  ['promptLogprobs', []],
  ['includeStopStrInOutput', [false]],
]);

/** The option of ours that a name in camel or snake case stands for. */
export function optionNamed(name: string): keyof NamedOptions | undefined {
  const camelCase = toCamelCase(name);
  return Object.hasOwn(READERS, camelCase) ? (camelCase as keyof NamedOptions) : OTHER_NAMES.get(camelCase);
}

export function readOption(name: keyof NamedOptions, value: unknown, describe: Describe): unknown {
  return READERS[name](value, describe);
}

/** Whether a name belongs to an option that another system has and we do not. */
export function isUnsupported(name: string): boolean {
  return UNSUPPORTED.has(toCamelCase(name));
}

/** Whether a value of an unsupported option asks for nothing: its default, or an empty list or object. */
export function isNeutral(name: string, value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return UNSUPPORTED.get(toCamelCase(name))?.includes(value) ?? false;
}

/** `, did you mean "topK"?` for an unknown name; snake case is answered in snake case. */
export function suggestOption(name: string): string {
  const known = [...Object.keys(READERS), ...OTHER_NAMES.keys()];
  return didYouMean(name, name.includes('_') ? known.map(toSnakeCase) : known);
}

function toCamelCase(name: string): string {
  return name.replace(/(?<=.)_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function toSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
