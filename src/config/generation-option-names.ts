import { didYouMean } from '../base/suggest.ts';
import {
  boolean,
  booleanOrCount,
  type Describe,
  distinctNames,
  number,
  type OptionReader,
  oneOf,
  strings,
  text,
  wholeNumber,
} from './option-readers.ts';
import { toCamelCase, toSnakeCase } from './snake-case.ts';
import {
  lengthDecay,
  logitBiases,
  sequenceBiases,
  someTokenIds,
  tokenId,
  tokenIds,
  tokenSequence,
  tokenSequences,
} from './token-option-readers.ts';
import { watermark } from './watermark-option.ts';

const notNegative = number((value) => value >= 0, '0 or more');
const share = number((value) => value >= 0 && value <= 1, 'from 0 to 1');
const shareAboveNone = number((value) => value > 0 && value <= 1, 'above 0 and at most 1');
const shareBelowAll = number((value) => value >= 0 && value < 1, 'from 0 to below 1');
const aboveNone = number((value) => value > 0, 'above 0');
const penalty = number((value) => value >= -2 && value <= 2, 'from -2 to 2');

const READERS = {
  maxNewTokens: wholeNumber(1),
  maxLength: wholeNumber(1),
  minNewTokens: wholeNumber(0),
  minLength: wholeNumber(0),
  maxTime: aboveNone,
  doSample: boolean,
  temperature: number((value) => value >= 0, '0 (greedy) or more'),
  dynatempRange: notNegative,
  dynatempExponent: aboveNone,
  topK: wholeNumber(0),
  topP: shareAboveNone,
  minP: share,
  typicalP: shareAboveNone,
  epsilonCutoff: shareBelowAll,
  etaCutoff: shareBelowAll,
  topNSigma: notNegative,
  xtcProbability: share,
  xtcThreshold: number(
    (value) => value >= 0 && value <= 0.5,
    'from 0 to 0.5, since above it there is one token at most',
  ),
  mirostat: oneOf(0, 1, 2),
  mirostatTau: aboveNone,
  mirostatEta: aboveNone,
  repetitionPenalty: aboveNone,
  encoderRepetitionPenalty: aboveNone,
  frequencyPenalty: penalty,
  presencePenalty: penalty,
  dryMultiplier: notNegative,
  dryBase: number((value) => value >= 1, '1 or more'),
  dryAllowedLength: wholeNumber(1),
  dryPenaltyLastN: wholeNumber(0),
  drySequenceBreakers: strings,
  noRepeatNgramSize: wholeNumber(0),
  encoderNoRepeatNgramSize: wholeNumber(0),
  badWordsIds: tokenSequences,
  badWords: strings,
  logitBias: logitBiases,
  sequenceBias: sequenceBiases,
  allowedTokenIds: someTokenIds,
  suppressTokens: tokenIds,
  beginSuppressTokens: tokenIds,
  decoderStartTokenId: tokenId,
  forcedBosTokenId: tokenId,
  forcedEosTokenId: tokenIds,
  exponentialDecayLengthPenalty: lengthDecay,
  guidanceScale: notNegative,
  negativePrompt: text,
  negativePromptIds: tokenSequence,
  watermark,
  removeInvalidValues: boolean,
  renormalizeLogits: boolean,
  processorOrder: distinctNames,
  numReturnSequences: wholeNumber(1),
  bestOf: wholeNumber(1),
  numBeams: wholeNumber(1),
  numBeamGroups: wholeNumber(1),
  diversityPenalty: notNegative,
  lengthPenalty: number(() => true, 'finite'),
  earlyStopping: oneOf(false, true, 'never'),
  penaltyAlpha: share,
  promptLookupNumTokens: wholeNumber(0),
  maxMatchingNgramSize: wholeNumber(1),
  numDraftTokens: wholeNumber(1),
  adaptDraftLength: boolean,
  draftAcceptance: oneOf('exact', 'rejection'),
  stopStrings: strings,
  eosTokenId: tokenIds,
  stopTokenIds: tokenIds,
  ignoreEos: boolean,
  seed: wholeNumber(0),
  logProbs: booleanOrCount,
  topLogProbs: wholeNumber(0),
} satisfies Record<string, OptionReader<unknown>>;

/** Values by our own names, each checked by itself. */
export type NamedOptions = { readonly [Name in keyof typeof READERS]?: ReturnType<(typeof READERS)[Name]> };

/** Other systems' names, in camel case, for options of ours. */
const OTHER_NAMES = new Map<string, keyof NamedOptions>([
  ['maxTokens', 'maxNewTokens'],
  ['maxCompletionTokens', 'maxNewTokens'],
  ['minTokens', 'minNewTokens'],
  ['typical', 'typicalP'],
  ['n', 'numReturnSequences'],
  ['numAssistantTokens', 'numDraftTokens'],
  ['watermarkingConfig', 'watermark'],
  ['stop', 'stopStrings'],
  ['logprobs', 'logProbs'],
  ['topLogprobs', 'topLogProbs'],
]);

/** Options of other systems that we do not have, with the values that ask for nothing. */
const UNSUPPORTED = new Map<string, readonly unknown[]>([
  ['echo', [false]],
  ['suffix', ['']],
  ['topH', []],
  ['forceWordsIds', []],
  ['constraints', []],
  ['tokenHealing', [false]],
  ['dolaLayers', []],
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
