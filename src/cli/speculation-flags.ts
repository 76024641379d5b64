import type { GenerationOptions } from '../config/generation-options.ts';
import { UsageError } from './exit-codes.ts';
import { oneOf, wholeNumber } from './flag-values.ts';
import type { Flag } from './flags.ts';

/** What the options below parse to. */
export interface SpeculationFlags {
  readonly draftModel?: string;
  readonly promptLookup?: number | true;
  readonly numDraftTokens?: number;
  readonly numAssistantTokens?: number;
  readonly draftAcceptance?: 'exact' | 'rejection';
  readonly maxMatchingNgramSize?: number;
  /** true unless `--no-adapt-draft-length` is given. */
  readonly adaptDraftLength?: boolean;
}

/** With which model a model is loaded. */
export const DRAFT_MODEL: Flag = {
  flags: '--draft-model <folder>',
  description: 'a smaller model of the same vocabulary, a folder or a hub id, that guesses tokens ahead',
};

/** How tokens are guessed ahead and checked at once: the same text, sooner where many guesses are right. */
export const SPECULATION_FLAGS: readonly Flag[] = [
  {
    flags: '--prompt-lookup [tokens]',
    description: 'guess so many tokens (10) by how the text went on when its last tokens came before',
    parse: wholeNumber(1),
    preset: 10,
    option: 'promptLookupNumTokens',
  },
  {
    flags: '--num-draft-tokens <count>',
    description: 'most tokens that --draft-model guesses at once (5)',
    parse: wholeNumber(1),
  },
  { flags: '--num-assistant-tokens <count>', description: '', parse: wholeNumber(1), isHidden: true },
  {
    flags: '--draft-acceptance <rule>',
    description: 'exact (the very text that comes without guesses) or rejection (as likely a text, more guesses hold)',
    parse: oneOf(['exact', 'rejection']),
  },
  { flags: '--no-adapt-draft-length', description: 'guess as many tokens each time, even where few are right' },
  {
    flags: '--max-matching-ngram-size <size>',
    description: 'longest end of the text that --prompt-lookup looks for (2)',
    parse: wholeNumber(1),
    isRare: true,
  },
];

/** Whether tokens are guessed ahead. */
export function isSpeculative({ draftModel, promptLookup }: SpeculationFlags): boolean {
  return draftModel !== undefined || promptLookup !== undefined;
}

/** Throws a `UsageError` for ways of guessing that contradict each other or have nothing to guess with. */
export function checkSpeculation(flags: SpeculationFlags): void {
  const { draftModel, promptLookup } = flags;
  if (draftModel !== undefined && promptLookup !== undefined)
    throw new UsageError('Cannot guess ahead: --draft-model and --prompt-lookup both guess, wanted one of them');
  const numDraftTokens = flags.numDraftTokens ?? flags.numAssistantTokens;
  if (numDraftTokens !== undefined && draftModel === undefined)
    throw new UsageError('Cannot guess ahead: --num-draft-tokens has no effect without --draft-model');
  const idle = [
    { name: '--draft-acceptance', isGiven: flags.draftAcceptance !== undefined },
    { name: '--no-adapt-draft-length', isGiven: flags.adaptDraftLength === false },
  ].find(({ isGiven }) => isGiven);
  if (idle !== undefined && !isSpeculative(flags))
    throw new UsageError(`Cannot guess ahead: ${idle.name} has no effect without --draft-model or --prompt-lookup`);
}

/** Throws a `UsageError` if a draft model is given for a search that cannot be guessed ahead. */
export function checkDraftModel({ draftModel }: SpeculationFlags, options: GenerationOptions): void {
  if (draftModel === undefined) return;
  const { numBeams, penaltyAlpha, guidanceScale } = options;
  const other = [
    { name: '--num-beams', value: numBeams, neutral: 1 },
    { name: '--penalty-alpha', value: penaltyAlpha, neutral: 0 },
    { name: '--guidance-scale', value: guidanceScale, neutral: 1 },
  ].find(({ value, neutral }) => value !== neutral);
  if (other === undefined) return;
  throw new UsageError(
    `Cannot generate: ${other.name} is ${other.value}, but --draft-model guesses ahead in sampling and greedy decoding only, without guidance`,
  );
}
