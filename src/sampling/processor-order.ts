import { didYouMean } from '../base/suggest.ts';
import type { LogitsProcessor } from './logits-processor.ts';

/** Filters that remove tokens from the tail of the distribution. */
const CUTS = ['topP', 'minP', 'typical', 'epsilonCutoff', 'etaCutoff', 'topNSigma', 'xtc'] as const;

/**
 * The processors of logits in the order in which they run unless `processorOrder` says otherwise: that of Hugging Face
 * Transformers, with those it does not have beside their like. Guidance comes before them all. First what changes and forbids
 * tokens, then the user's own, then what narrows the choice and is left out at temperature 0 (`DRAWING_PROCESSORS`), at the
 * end the watermark and the log probabilities of beams.
 */
export const PROCESSOR_ORDER = [
  'sequenceBias',
  'logitBias',
  'encoderRepetitionPenalty',
  'repetitionPenalty',
  'frequencyPresencePenalty',
  'dry',
  'noRepeatNgram',
  'encoderNoRepeatNgram',
  'badWords',
  'minNewTokens',
  'allowedTokens',
  'prefixAllowedTokens',
  'forcedBos',
  'forcedEos',
  'removeInvalidValues',
  'exponentialDecayLength',
  'suppressTokens',
  'beginSuppressTokens',
  'logitsProcessors',
  'temperature',
  'topK',
  ...CUTS,
  'mirostat',
  'watermark',
  'renormalize',
] as const;

export type ProcessorName = (typeof PROCESSOR_ORDER)[number];

/** A processor, and what it is called. */
export interface ProcessorStep {
  readonly name: ProcessorName;
  readonly process: LogitsProcessor;
}

/** Processors that say from what to draw. A greedy choice does without them; most of them would not change it. */
export const DRAWING_PROCESSORS: ReadonlySet<ProcessorName> = new Set(['temperature', 'topK', ...CUTS, 'mirostat']);

/** Processors that look at values, and perhaps the position, but not at ids: any tokens of a row will do, ids ascending. */
export const VALUE_PROCESSORS: ReadonlySet<ProcessorName> = new Set([
  'removeInvalidValues',
  'temperature',
  'topK',
  ...CUTS,
  'renormalize',
]);

/**
 * Names in the order that a user gave, or the default one. Throws a `TypeError` for an unknown name, and if one of `wanted`
 * is missing.
 */
export function orderOf(
  given: readonly string[] | undefined,
  wanted: Iterable<ProcessorName>,
): readonly ProcessorName[] {
  if (given === undefined) return PROCESSOR_ORDER;
  const unknown = given.find((name) => !isProcessorName(name));
  if (unknown !== undefined) {
    throw new TypeError(
      `Cannot order the processors: unknown processor ${JSON.stringify(unknown)}${didYouMean(unknown, PROCESSOR_ORDER)}`,
    );
  }
  for (const name of wanted) {
    if (!given.includes(name))
      throw new TypeError(`Cannot order the processors: ${name} is asked for, but processorOrder does not have it`);
  }
  return given.filter(isProcessorName);
}

function isProcessorName(name: string): name is ProcessorName {
  return (PROCESSOR_ORDER as readonly string[]).includes(name);
}
