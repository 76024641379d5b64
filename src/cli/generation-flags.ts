import type { GenerationInput } from '../config/generation-input.ts';
import {
  type GenerationDefaults,
  type GenerationOptions,
  parseGenerationOptions,
  readGenerationConfig,
} from '../config/generation-options.ts';
import { UsageError } from './exit-codes.ts';
import { type FlagNames, flagNames, inFlagNames } from './flag-names.ts';
import { type Flag, type FlagGroup, valuesOf } from './flags.ts';
import { LENGTH_FLAGS, LOG_PROB_FLAGS } from './length-flags.ts';
import { ENGINE_FLAGS, MODEL_FLAGS, SEED } from './model-flags.ts';
import { PENALTY_FLAGS, RARE_PENALTY_FLAGS } from './penalty-flags.ts';
import { SAMPLING_FLAGS } from './sampling-flags.ts';
import { BEST_OF, CHOICE_FLAGS, SEARCH_FLAGS } from './search-flags.ts';
import {
  checkDraftModel,
  checkSpeculation,
  DRAFT_MODEL,
  SPECULATION_FLAGS,
  type SpeculationFlags,
} from './speculation-flags.ts';

const GREEDY: Flag = {
  flags: '--greedy',
  description: 'always the likeliest token, whatever the model says; as --temperature 0',
};

const NO_CACHE: Flag = {
  flags: '--no-cache',
  description: 'compute every token anew at each step: slow, and the same text; for study',
  isRare: true,
};

/** The options of a command that generates one text at a time. */
export const GENERATION_GROUPS: readonly FlagGroup[] = groupsWith([GREEDY, ...SEARCH_FLAGS, BEST_OF]);

/** The options of a command that may generate several texts. */
export const ALL_GENERATION_GROUPS: readonly FlagGroup[] = groupsWith([
  GREEDY,
  ...SEARCH_FLAGS,
  ...CHOICE_FLAGS,
  BEST_OF,
]);

function groupsWith(searchFlags: readonly Flag[]): readonly FlagGroup[] {
  return [
    ['Length and end:', LENGTH_FLAGS],
    ['Search:', searchFlags],
    ['Sampling:', SAMPLING_FLAGS],
    ['Penalties and constraints:', [...PENALTY_FLAGS, ...RARE_PENALTY_FLAGS]],
    ['Speculation:', [DRAFT_MODEL, ...SPECULATION_FLAGS]],
    ['Output:', [...LOG_PROB_FLAGS, NO_CACHE]],
  ];
}

/** Flags that are generation options of the library. */
const INPUT_FLAGS: readonly Flag[] = [
  ...[...LENGTH_FLAGS, ...SEARCH_FLAGS, ...CHOICE_FLAGS, BEST_OF, ...SAMPLING_FLAGS, ...PENALTY_FLAGS],
  ...[...RARE_PENALTY_FLAGS, ...SPECULATION_FLAGS, ...LOG_PROB_FLAGS, SEED],
];

const INPUT_NAMES = flagNames(INPUT_FLAGS);

/** What the command line calls the options that a request may be refused for. */
export const REQUEST_NAMES: FlagNames = flagNames(INPUT_FLAGS, MODEL_FLAGS, ENGINE_FLAGS);

/** What the options above and `--seed` parse to, as far as it is looked at here. */
export interface GenerationFlags extends SpeculationFlags {
  readonly temperature?: number;
  readonly greedy?: boolean;
  readonly cache: boolean;
}

/**
 * The generation options of a command line. Throws a `UsageError`, which speaks of `--top-k` and not of `topK`, for values
 * that cannot be with any model.
 */
export function readGenerationInput(flags: GenerationFlags): GenerationInput {
  if (flags.greedy && (flags.temperature ?? 0) > 0) {
    throw new UsageError(`Cannot generate: --greedy and --temperature ${flags.temperature} contradict each other`);
  }
  checkSpeculation(flags);
  const input: GenerationInput = { ...valuesOf(INPUT_FLAGS, flags), ...(flags.greedy ? { temperature: 0 } : {}) };
  try {
    completeInput(input, flags);
  } catch (error) {
    if (!SOME_MODELS.some((defaults) => isPossible(input, flags, defaults))) throw error;
  }
  return input;
}

/** Models that turn on what options of a user may count on, so that only the model itself can say whether they fit. */
const SOME_MODELS: readonly GenerationDefaults[] = [
  { do_sample: true, top_k: 50, guidance_scale: 1.5 },
  { penalty_alpha: 0.6, top_k: 4 },
  { num_beams: 720720 },
  { num_beams: 720720, num_beam_groups: 2 },
].map(readGenerationConfig);

function isPossible(input: GenerationInput, flags: SpeculationFlags, defaults: GenerationDefaults): boolean {
  try {
    completeInput(input, flags, defaults);
    return true;
  } catch {
    return false;
  }
}

/** The options with what a model's own defaults add to them. Throws a `UsageError` for what does not fit together. */
export function completeInput(
  input: GenerationInput,
  flags: SpeculationFlags,
  defaults?: GenerationDefaults,
): GenerationOptions {
  const options = parse(input, defaults);
  checkDraftModel(flags, options);
  return options;
}

function parse(input: GenerationInput, defaults: GenerationDefaults | undefined): GenerationOptions {
  try {
    return parseGenerationOptions(input, defaults);
  } catch (cause) {
    const message = inFlagNames((cause as Error).message, INPUT_NAMES);
    throw new UsageError(message.replace('Cannot read generation options', 'Cannot generate'), { cause });
  }
}

/** Whether a text can be given out before its end. */
export function isSettledEarly({ numBeams, bestOf }: GenerationOptions): boolean {
  return numBeams === 1 && bestOf === undefined;
}
