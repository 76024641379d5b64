import type { GenerationOptions } from '../config/neutral-options.ts';
import { allowedTokens } from './allowed-tokens.ts';
import { badWords } from './bad-words.ts';
import { beginSuppressTokens } from './begin-suppress-tokens.ts';
import { checkTokenOptions, type TokenOptions } from './check-token-options.ts';
import { dry } from './dry.ts';
import { dynamicTemperature } from './dynamic-temperature.ts';
import { encoderNoRepeatNgram } from './encoder-no-repeat-ngram.ts';
import { encoderRepetitionPenalty } from './encoder-repetition-penalty.ts';
import { epsilonCutoff } from './epsilon-cutoff.ts';
import { etaCutoff } from './eta-cutoff.ts';
import { exponentialDecayLength } from './exponential-decay-length.ts';
import { forcedBos } from './forced-bos.ts';
import { forcedEos } from './forced-eos.ts';
import { frequencyPresencePenalty } from './frequency-presence-penalty.ts';
import { removeInvalidValues } from './invalid-values.ts';
import { logitBias } from './logit-bias.ts';
import type { LogitsProcessor } from './logits-processor.ts';
import { minNewTokens } from './min-new-tokens.ts';
import { minP } from './min-p.ts';
import { mirostat1, mirostat2 } from './mirostat.ts';
import { noRepeatNgram } from './no-repeat-ngram.ts';
import { type PrefixAllowedTokens, prefixAllowedTokens } from './prefix-allowed-tokens.ts';
import {
  DRAWING_PROCESSORS,
  orderOf,
  type ProcessorName,
  type ProcessorStep,
  VALUE_PROCESSORS,
} from './processor-order.ts';
import { renormalize } from './renormalize.ts';
import { repetitionPenalty } from './repetition-penalty.ts';
import { sequenceBias } from './sequence-bias.ts';
import type { ShortChain } from './short-chain.ts';
import { shortChainOf } from './short-chain-of.ts';
import { suppressTokens } from './suppress-tokens.ts';
import { temperature } from './temperature.ts';
import { topK } from './top-k.ts';
import { topNSigma } from './top-n-sigma.ts';
import { topP } from './top-p.ts';
import { typical } from './typical.ts';
import { watermark } from './watermark.ts';
import { xtc } from './xtc.ts';

/** The options that shape a row of logits. Words must have been made token ids: `badWords` is not among them. */
export type ProcessorOptions = TokenOptions &
  Pick<
    GenerationOptions,
    | 'minNewTokens'
    | 'temperature'
    | 'dynatempRange'
    | 'dynatempExponent'
    | 'topK'
    | 'topP'
    | 'minP'
    | 'typicalP'
    | 'epsilonCutoff'
    | 'etaCutoff'
    | 'topNSigma'
    | 'xtcProbability'
    | 'xtcThreshold'
    | 'mirostat'
    | 'mirostatTau'
    | 'mirostatEta'
    | 'repetitionPenalty'
    | 'encoderRepetitionPenalty'
    | 'frequencyPenalty'
    | 'presencePenalty'
    | 'dryMultiplier'
    | 'dryBase'
    | 'dryAllowedLength'
    | 'dryPenaltyLastN'
    | 'noRepeatNgramSize'
    | 'encoderNoRepeatNgramSize'
    | 'stopTokenIds'
    | 'exponentialDecayLengthPenalty'
    | 'watermark'
    | 'numBeams'
    | 'removeInvalidValues'
    | 'renormalizeLogits'
    | 'processorOrder'
  >;

/** What processors need to know beside the options. */
export interface ProcessorContext {
  /** Of the random draws of the sequence. */
  readonly seed: number;
  /** The total length, prompt included, at which generation ends. */
  readonly maxLength: number;
  /** V. */
  readonly vocabSize: number;
  /** The user's own. */
  readonly logitsProcessors?: readonly LogitsProcessor[] | undefined;
  readonly prefixAllowedTokens?: PrefixAllowedTokens | undefined;
  /** The tokens that hold one of the options' `drySequenceBreakers`. */
  readonly drySequenceBreakerIds?: ReadonlySet<number> | undefined;
}

/** What happens to a row of logits before a token is chosen: first the processors, then the filters, then the rest. */
export interface ProcessorChain {
  /** Over the whole row. */
  readonly processors: readonly LogitsProcessor[];
  /** Over the tokens that are left, so that they must not look at ids. */
  readonly filters: readonly LogitsProcessor[];
  /** Whether the processors leave so few tokens that the filters had better work on a list of these. */
  readonly isShortlisted: boolean;
  /** What follows, over the whole row again. */
  readonly rest?: ProcessorChain | undefined;
  /** The p of min-p, 0 without, if that is all the chain does beside dividing the row by the temperature, if there is one. */
  readonly minPAlone?: number | undefined;
  /** Whether NaN and +∞ are made numbers before the row is checked; see `checkLogits`. */
  readonly removesInvalidValues?: boolean | undefined;
  /** The same over the likeliest tokens alone, where they are enough. */
  readonly short?: ShortChain | undefined;
}

/**
 * The processors that the options ask for, and no others, in the order of `PROCESSOR_ORDER` or the options' own. Each sees
 * what the ones before it left. At temperature 0 the choice is greedy, and `DRAWING_PROCESSORS` are left out. Top-k, which a
 * temperature does not change, changes places with one right before it, and what follows it looks at the k tokens alone.
 *
 * A processor may hold scratch memory, and Mirostat its state, so each sequence composes its own. Throws a `RangeError` for
 * a token that is not in the vocabulary, and a `TypeError` for an order that does not have what is asked for.
 *
 * @example
 * const chain = composeProcessors({ ...NEUTRAL_OPTIONS, temperature: 0.8, topK: 40 }, { seed: 1, maxLength: 99, vocabSize });
 */
export function composeProcessors(options: ProcessorOptions, context: ProcessorContext): ProcessorChain {
  checkTokenOptions(options, context.vocabSize);
  const composed = new Map<ProcessorName, readonly LogitsProcessor[]>();
  for (const [name, compose] of Object.entries(COMPOSERS) as [ProcessorName, Composer][]) {
    if (options.temperature === 0 && DRAWING_PROCESSORS.has(name)) continue;
    const processors = compose(options, context);
    if (processors.length > 0) composed.set(name, processors);
  }
  const names = orderOf(options.processorOrder, composed.keys()).filter((name) => composed.has(name));
  if (options.dynatempRange === 0) putTopKBeforeTemperature(names);
  const steps = names.flatMap((name) => (composed.get(name) ?? []).map((process) => ({ name, process })));
  return {
    ...chainOf(steps),
    minPAlone: minPAlone(names, options),
    removesInvalidValues: options.removeInvalidValues,
    short: shortChainOf(steps, options, context),
  };
}

function minPAlone(names: readonly ProcessorName[], { dynatempRange, minP: p }: ProcessorOptions): number | undefined {
  if (names.includes('temperature') && dynatempRange !== 0) return undefined;
  const others = names.filter((name) => name !== 'temperature');
  if (others.length === 0) return 0;
  return others.length === 1 && names.at(-1) === 'minP' ? p : undefined;
}

type Composer = (options: ProcessorOptions, context: ProcessorContext) => readonly LogitsProcessor[];

/** What the options ask for of each kind. */
const COMPOSERS: { readonly [Name in ProcessorName]: Composer } = {
  sequenceBias: (options) => (options.sequenceBias.length > 0 ? [sequenceBias(options.sequenceBias)] : []),
  logitBias: (options) => (options.logitBias.size > 0 ? [logitBias(options.logitBias)] : []),
  encoderRepetitionPenalty: ({ encoderRepetitionPenalty: penalty }) =>
    penalty === 1 ? [] : [encoderRepetitionPenalty(penalty)],
  repetitionPenalty: ({ repetitionPenalty: penalty }) => (penalty === 1 ? [] : [repetitionPenalty(penalty)]),
  frequencyPresencePenalty: ({ frequencyPenalty: frequency, presencePenalty: presence }) =>
    frequency === 0 && presence === 0 ? [] : [frequencyPresencePenalty({ frequency, presence })],
  dry: composeDry,
  noRepeatNgram: ({ noRepeatNgramSize: size }) => (size === 0 ? [] : [noRepeatNgram(size)]),
  encoderNoRepeatNgram: ({ encoderNoRepeatNgramSize: size }) => (size === 0 ? [] : [encoderNoRepeatNgram(size)]),
  badWords: ({ badWordsIds, stopTokenIds }) => (badWordsIds.length > 0 ? [badWords(badWordsIds, stopTokenIds)] : []),
  minNewTokens: ({ minNewTokens: count, stopTokenIds }) =>
    count > 0 && stopTokenIds.length > 0 ? [minNewTokens(count, stopTokenIds)] : [],
  allowedTokens: ({ allowedTokenIds }) => (allowedTokenIds === undefined ? [] : [allowedTokens(allowedTokenIds)]),
  prefixAllowedTokens: (_, context) =>
    context.prefixAllowedTokens === undefined ? [] : [prefixAllowedTokens(context.prefixAllowedTokens)],
  forcedBos: ({ forcedBosTokenId }) => (forcedBosTokenId === undefined ? [] : [forcedBos(forcedBosTokenId)]),
  forcedEos: ({ forcedEosTokenId: tokenIds }, { maxLength: atLength }) =>
    tokenIds.length > 0 ? [forcedEos({ tokenIds, atLength })] : [],
  removeInvalidValues: (options) => (options.removeInvalidValues ? [removeInvalidValues] : []),
  exponentialDecayLength: ({ exponentialDecayLengthPenalty: decay, stopTokenIds }) =>
    decay === undefined || stopTokenIds.length === 0 ? [] : [exponentialDecayLength({ ...decay, stopTokenIds })],
  suppressTokens: (options) => (options.suppressTokens.length > 0 ? [suppressTokens(options.suppressTokens)] : []),
  beginSuppressTokens: ({ beginSuppressTokens: tokenIds, forcedBosTokenId }) =>
    tokenIds.length > 0 ? [beginSuppressTokens(tokenIds, forcedBosTokenId !== undefined)] : [],
  logitsProcessors: (_, { logitsProcessors }) => logitsProcessors ?? [],
  temperature: composeTemperature,
  topK: ({ topK: k }) => (k === 0 ? [] : [topK(k)]),
  topP: ({ topP: p }) => (p === 1 ? [] : [topP(p)]),
  minP: ({ minP: p }) => (p === 0 ? [] : [minP(p)]),
  typical: ({ typicalP: p }) => (p === 1 ? [] : [typical(p)]),
  epsilonCutoff: ({ epsilonCutoff: epsilon }) => (epsilon === 0 ? [] : [epsilonCutoff(epsilon)]),
  etaCutoff: ({ etaCutoff: epsilon }) => (epsilon === 0 ? [] : [etaCutoff(epsilon)]),
  topNSigma: ({ topNSigma: n }) => (n === 0 ? [] : [topNSigma(n)]),
  xtc: ({ xtcProbability: probability, xtcThreshold: threshold }, { seed }) =>
    probability === 0 ? [] : [xtc({ probability, threshold, seed })],
  mirostat: composeMirostat,
  watermark: (options) => (options.watermark === undefined ? [] : [watermark(options.watermark)]),
  renormalize: (options) => (options.renormalizeLogits ? [renormalize] : []),
};

function composeDry(options: ProcessorOptions, context: ProcessorContext): readonly LogitsProcessor[] {
  const { dryMultiplier: multiplier, dryBase: base, dryAllowedLength: allowedLength, dryPenaltyLastN: lastN } = options;
  const breakerIds = context.drySequenceBreakerIds ?? new Set<number>();
  return multiplier === 0 ? [] : [dry({ multiplier, base, allowedLength, lastN, breakerIds })];
}

function composeTemperature(options: ProcessorOptions): readonly LogitsProcessor[] {
  const { temperature: value, dynatempRange: range, dynatempExponent: exponent, numBeams } = options;
  // The rows of beams are compared with each other.
  const isShifted = numBeams === 1;
  if (range > 0) return [dynamicTemperature({ temperature: value, range, exponent, isShifted })];
  return value === 1 ? [] : [temperature(value, { isShifted })];
}

function composeMirostat(options: ProcessorOptions): readonly LogitsProcessor[] {
  const { mirostat: version, mirostatTau: tau, mirostatEta: eta } = options;
  if (version === 0) return [];
  return [version === 1 ? mirostat1({ tau, eta }) : mirostat2({ tau, eta })];
}

/** On the whole row top-k costs less than a temperature does. */
function putTopKBeforeTemperature(names: ProcessorName[]): void {
  const place = names.indexOf('topK');
  if (place > 0 && names[place - 1] === 'temperature') names.splice(place - 1, 2, 'topK', 'temperature');
}

function chainOf(steps: readonly ProcessorStep[]): ProcessorChain {
  const isForValues = (step: ProcessorStep | undefined): boolean =>
    step === undefined || VALUE_PROCESSORS.has(step.name);
  const place = steps.findIndex(({ name }, i) => name === 'topK' && isForValues(steps[i + 1]));
  const functions = (start: number, end?: number) => steps.slice(start, end).map(({ process }) => process);
  if (place < 0) return { processors: functions(0), filters: [], isShortlisted: false };
  const later = steps.findIndex((step, i) => i > place && !isForValues(step));
  const end = later < 0 ? steps.length : later;
  const rest = end < steps.length ? chainOf(steps.slice(end)) : undefined;
  return { processors: functions(0, place + 1), filters: functions(place + 1, end), isShortlisted: true, rest };
}
