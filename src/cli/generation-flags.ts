import type { GenerationInput } from '../config/generation-input.ts';
import { parseGenerationOptions } from '../config/generation-options.ts';
import { UsageError } from './exit-codes.ts';
import { attributeOf, collect, decimal, type Flag, longNameOf, tokenIds, wholeNumber } from './flags.ts';

/** Options that are generation options of the library, by the same names. */
const INPUT_FLAGS: readonly Flag[] = [
  {
    flags: '-n, --max-new-tokens <count>',
    description: 'most tokens to generate; also --max-tokens. 256 unless the model says otherwise',
    parse: wholeNumber(1),
  },
  { flags: '--max-tokens <count>', description: '', parse: wholeNumber(1), isHidden: true },
  { flags: '--max-completion-tokens <count>', description: '', parse: wholeNumber(1), isHidden: true },
  { flags: '--max-length <count>', description: 'most tokens of prompt and text together', parse: wholeNumber(1) },
  { flags: '--min-new-tokens <count>', description: 'fewest tokens to generate', parse: wholeNumber(0) },
  { flags: '--min-tokens <count>', description: '', parse: wholeNumber(0), isHidden: true },
  { flags: '--min-length <count>', description: 'fewest tokens of prompt and text together', parse: wholeNumber(0) },
  {
    flags: '-t, --temperature <number>',
    description: '0 is greedy: always the likeliest token; 1 draws as the model says',
    parse: decimal,
  },
  {
    flags: '-k, --top-k <count>',
    description: 'draw from this many likeliest tokens; 0 is all',
    parse: wholeNumber(0),
  },
  {
    flags: '-p, --top-p <share>',
    description: 'draw from the fewest tokens whose probabilities reach this; 1 is all',
    parse: decimal,
  },
  {
    flags: '--min-p <share>',
    description: 'draw from tokens at least this share as likely as the likeliest; 0 is all',
    parse: decimal,
  },
  {
    flags: '--repetition-penalty <factor>',
    description: 'makes tokens of prompt and text less likely if above 1; 1 is none',
    parse: decimal,
  },
  {
    flags: '--frequency-penalty <number>',
    description: 'taken from the logit of a generated token each time it came, -2 to 2; 0 is none',
    parse: decimal,
  },
  {
    flags: '--presence-penalty <number>',
    description: 'taken once from the logit of each generated token, -2 to 2; 0 is none',
    parse: decimal,
  },
  { flags: '--stop <text>', description: 'end before this text; may be repeated', parse: collect },
  { flags: '--stop-token-ids <ids>', description: 'end at these tokens too, as 2,50256', parse: tokenIds },
  {
    flags: '--eos-token-id <ids>',
    description: "these tokens end the text, instead of the model's own",
    parse: tokenIds,
  },
  { flags: '--ignore-eos', description: "go on past the model's end of text" },
  {
    flags: '--log-probs [count]',
    description: 'log probability of each token, and of this many likeliest ones in its place',
    parse: wholeNumber(0),
  },
  { flags: '--logprobs [count]', description: '', parse: wholeNumber(0), isHidden: true },
  { flags: '--top-logprobs <count>', description: '', parse: wholeNumber(0), isHidden: true },
];

/** The options of every command that generates. */
export const GENERATION_FLAGS: readonly Flag[] = [
  ...INPUT_FLAGS,
  { flags: '--greedy', description: 'always the likeliest token, whatever the model says; as --temperature 0' },
  { flags: '--no-cache', description: 'compute every token anew at each step: slow, and the same text; for study' },
];

/** What the options above and `--seed` parse to, by the names of the library. */
export type GenerationFlags = GenerationInput & { readonly greedy?: boolean; readonly cache: boolean };

/**
 * The generation options of a command line. Throws a `UsageError`, which speaks of `--top-k` and not of `topK`, for values
 * that cannot be.
 */
export function readGenerationInput(flags: GenerationFlags): GenerationInput {
  if (flags.greedy && (flags.temperature ?? 0) > 0) {
    throw new UsageError(`Cannot generate: --greedy and --temperature ${flags.temperature} contradict each other`);
  }
  const values: Readonly<Record<string, unknown>> = { ...flags };
  const names = [...INPUT_FLAGS.map(attributeOf), 'seed'];
  const given = names.filter((name) => values[name] !== undefined).map((name) => [name, values[name]]);
  const input: GenerationInput = { ...Object.fromEntries(given), ...(flags.greedy ? { temperature: 0 } : {}) };
  try {
    parseGenerationOptions(input);
  } catch (cause) {
    throw new UsageError(inOptionNames((cause as Error).message), { cause });
  }
  return input;
}

function inOptionNames(message: string): string {
  const longNames = new Map(INPUT_FLAGS.map((flag) => [attributeOf(flag), longNameOf(flag)]));
  return message
    .replace('Cannot read generation options', 'Cannot generate')
    .replace(/\w+/g, (word) => longNames.get(word) ?? word);
}
