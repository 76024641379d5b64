import type { NamedOptions } from './generation-option-names.ts';
import { CUT_OPTIONS, type GenerationOptions, NEUTRAL_OPTIONS } from './neutral-options.ts';
import { showValue } from './show-value.ts';

type OptionName = keyof NamedOptions & keyof GenerationOptions;

/** Options that cannot go together. */
export interface Conflict {
  /** One of them must change; what should give way first comes first. */
  readonly between: readonly (keyof NamedOptions)[];
  readonly problem: string;
}

/** The first combination of options that no generation can honour. */
export function findConflict(options: GenerationOptions): Conflict | undefined {
  for (const rule of RULES) {
    const conflict = rule(options);
    if (conflict !== undefined) return conflict;
  }
  return undefined;
}

type Rule = (options: GenerationOptions) => Conflict | undefined;

/** The conflict of options, with their values: `numBeams is 3 and numBeamGroups is 2, but …`. */
function conflict(
  options: GenerationOptions,
  names: readonly OptionName[],
  why: string,
  alsoBetween: readonly (keyof NamedOptions)[] = [],
): Conflict {
  const values = names.map((name) => `${name} is ${showValue(options[name])}`);
  return { between: [...names, ...alsoBetween], problem: `${values.join(' and ')}, but ${why}` };
}

const RULES: readonly Rule[] = [
  beamGroups,
  diversity,
  contrastiveSearch,
  mirostat,
  greedyChoice,
  numSequences,
  bestOf,
  promptLookup,
  guidance,
];

function beamGroups(options: GenerationOptions): Conflict | undefined {
  const { numBeams, numBeamGroups, temperature } = options;
  if (numBeams % numBeamGroups !== 0)
    return conflict(options, ['numBeamGroups', 'numBeams'], 'the beams must be divisible into groups of one size');
  if (numBeamGroups > 1 && temperature > 0)
    return conflict(options, ['numBeamGroups', 'temperature'], 'groups of beams do not sample', ['doSample']);
  return undefined;
}

function diversity(options: GenerationOptions): Conflict | undefined {
  if (options.diversityPenalty === 0 || options.numBeamGroups > 1) return undefined;
  return conflict(options, ['diversityPenalty', 'numBeamGroups'], 'it is groups of beams that it keeps apart');
}

function contrastiveSearch(options: GenerationOptions): Conflict | undefined {
  const { penaltyAlpha, numBeams, temperature, topK } = options;
  if (penaltyAlpha === 0) return undefined;
  if (numBeams > 1) return conflict(options, ['penaltyAlpha', 'numBeams'], 'contrastive search has no beams');
  if (temperature > 0)
    return conflict(options, ['penaltyAlpha', 'temperature'], 'contrastive search does not sample', ['doSample']);
  if (topK < 2)
    return conflict(options, ['penaltyAlpha', 'topK'], 'contrastive search chooses among at least 2 candidates');
  return undefined;
}

const OTHER_CUTS = ['topK', ...CUT_OPTIONS] as const;

function mirostat(options: GenerationOptions): Conflict | undefined {
  if (options.mirostat === 0) return undefined;
  if (options.numBeams > 1)
    return conflict(options, ['mirostat', 'numBeams'], 'Mirostat follows the tokens of one sequence');
  const other = OTHER_CUTS.find((name) => options[name] !== NEUTRAL_OPTIONS[name]);
  if (other === undefined) return undefined;
  return conflict(options, ['mirostat', other], 'Mirostat steers by a cut of its own, alone');
}

/** The filters that may remove the likeliest token, so that a greedy choice would differ without them. */
function greedyChoice(options: GenerationOptions): Conflict | undefined {
  const filters = ['typicalP', 'xtcProbability'] as const;
  const filter = filters.find((name) => options[name] !== NEUTRAL_OPTIONS[name]);
  if (filter === undefined || options.temperature > 0) return undefined;
  return conflict(options, [filter, 'temperature'], 'only when drawing can the likeliest token be left out');
}

function numSequences(options: GenerationOptions): Conflict | undefined {
  const { numReturnSequences, numBeams, temperature } = options;
  if (numBeams > 1 && numReturnSequences > numBeams)
    return conflict(options, ['numReturnSequences', 'numBeams'], 'each sequence takes a beam');
  if (numBeams === 1 && numReturnSequences > 1 && temperature === 0)
    return conflict(options, ['numReturnSequences', 'temperature'], 'without drawing or beams all would be the same');
  return undefined;
}

function bestOf(options: GenerationOptions): Conflict | undefined {
  const { numReturnSequences, numBeams, temperature } = options;
  if (options.bestOf === undefined) return undefined;
  if (options.bestOf < numReturnSequences)
    return conflict(options, ['bestOf', 'numReturnSequences'], 'no more can be returned than are drawn');
  if (numBeams > 1) return conflict(options, ['bestOf', 'numBeams'], 'beam search does its own choosing');
  if (temperature === 0)
    return conflict(options, ['bestOf', 'temperature'], 'without drawing all sequences would be the same');
  return undefined;
}

function promptLookup(options: GenerationOptions): Conflict | undefined {
  const { promptLookupNumTokens, numBeams, penaltyAlpha, guidanceScale } = options;
  if (promptLookupNumTokens === 0) return undefined;
  if (numBeams > 1) return conflict(options, ['promptLookupNumTokens', 'numBeams'], 'beams cannot be guessed ahead');
  if (penaltyAlpha > 0)
    return conflict(options, ['promptLookupNumTokens', 'penaltyAlpha'], 'contrastive search cannot be guessed ahead');
  if (guidanceScale !== 1)
    return conflict(options, ['promptLookupNumTokens', 'guidanceScale'], 'guided text cannot be guessed ahead');
  return undefined;
}

function guidance(options: GenerationOptions): Conflict | undefined {
  const { guidanceScale, negativePrompt, negativePromptIds } = options;
  if (negativePrompt !== undefined && negativePromptIds !== undefined)
    return conflict(options, ['negativePrompt', 'negativePromptIds'], 'there is one negative prompt');
  const given = negativePrompt !== undefined ? 'negativePrompt' : 'negativePromptIds';
  if (options[given] !== undefined && guidanceScale === 1)
    return conflict(options, [given, 'guidanceScale'], 'only guidance by a scale other than 1 looks at it');
  return undefined;
}

/** Options that mean something only beside another one. */
const MASTERS: readonly (readonly [master: OptionName, dependents: readonly OptionName[]])[] = [
  ['numBeams', ['lengthPenalty', 'earlyStopping']],
  ['dynatempRange', ['dynatempExponent']],
  ['xtcProbability', ['xtcThreshold']],
  ['mirostat', ['mirostatTau', 'mirostatEta']],
  ['dryMultiplier', ['dryBase', 'dryAllowedLength', 'dryPenaltyLastN', 'drySequenceBreakers']],
  ['promptLookupNumTokens', ['maxMatchingNgramSize']],
];

/** Throws a `TypeError` if the user asks for something that has no effect, since what it belongs to is off. */
export function requireMasters(user: NamedOptions, options: GenerationOptions): void {
  for (const [master, dependents] of MASTERS) {
    if (options[master] !== NEUTRAL_OPTIONS[master]) continue;
    const idle = dependents.find((name) => user[name] !== undefined && !isNeutralValue(name, user[name]));
    if (idle === undefined) continue;
    throw new TypeError(
      `Cannot read generation options: ${idle} is ${showValue(user[idle])} and ${master} is ${showValue(options[master])}, but without ${master} it has no effect`,
    );
  }
}

function isNeutralValue(name: OptionName, value: unknown): boolean {
  return JSON.stringify(value) === JSON.stringify(NEUTRAL_OPTIONS[name]);
}
