import { PROCESSOR_ORDER } from '../sampling/processor-order.ts';
import {
  collect,
  collectBiases,
  collectSequenceBiases,
  collectTokenIds,
  decimal,
  listOf,
  settings,
  tokenIds,
  twoNumbers,
  wholeNumber,
} from './flag-values.ts';
import type { Flag } from './flags.ts';

/** What makes tokens likelier or not, and what forbids or forces them. */
export const PENALTY_FLAGS: readonly Flag[] = [
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
  {
    flags: '--no-repeat-ngram-size <size>',
    description: 'no run of so many tokens comes twice; 0 is off',
    parse: wholeNumber(0),
  },
  {
    flags: '--dry-multiplier <number>',
    description: 'DRY: taken from tokens that make a repetition longer, more the longer it is; 0 is off',
    parse: decimal,
  },
  { flags: '--bad-words <text>', description: 'never write this; may be repeated', parse: collect },
  {
    flags: '--logit-bias <id=bias>',
    description: 'added to the logit of a token, -100 to 100; may be repeated',
    parse: collectBiases,
  },
  { flags: '--allowed-token-ids <ids>', description: 'generate these tokens only', parse: tokenIds },
  {
    flags: '--guidance-scale <number>',
    description: 'above 1: keep to the prompt more, away from --negative-prompt; 1 is none',
    parse: decimal,
  },
  {
    flags: '--negative-prompt <text>',
    description: 'what --guidance-scale leads away from; the last token of the prompt unless given',
  },
  {
    flags: '--watermark [settings]',
    description: 'prefer a secret share of the tokens, so that the text can be told: bias=2,hashingKey=7',
    parse: settings,
    preset: {},
  },
];

/** The same, for those who know what they look for. */
export const RARE_PENALTY_FLAGS: readonly Flag[] = [
  {
    flags: '--dry-base <number>',
    description: 'how fast --dry-multiplier grows with the length (1.75)',
    parse: decimal,
  },
  {
    flags: '--dry-allowed-length <count>',
    description: 'longest repetition that costs no more than the multiplier (2)',
    parse: wholeNumber(1),
  },
  {
    flags: '--dry-penalty-last-n <count>',
    description: 'how many of the last tokens DRY looks at; all unless given',
    parse: wholeNumber(0),
  },
  {
    flags: '--dry-sequence-breakers <text>',
    description:
      'a text that no repetition goes past, instead of line breaks, colons, quotes and asterisks; may be repeated',
    parse: collect,
  },
  {
    flags: '--encoder-repetition-penalty <factor>',
    description: 'makes tokens of the prompt likelier if above 1',
    parse: decimal,
  },
  {
    flags: '--encoder-no-repeat-ngram-size <size>',
    description: 'no run of so many tokens of the prompt comes again',
    parse: wholeNumber(0),
  },
  {
    flags: '--bad-words-ids <ids>',
    description: 'never generate these tokens in a row; may be repeated',
    parse: collectTokenIds,
  },
  {
    flags: '--sequence-bias <ids=bias>',
    description: 'added to the token that would complete these; may be repeated',
    parse: collectSequenceBiases,
  },
  { flags: '--suppress-tokens <ids>', description: 'never generate these tokens', parse: tokenIds },
  { flags: '--begin-suppress-tokens <ids>', description: 'never begin with these tokens', parse: tokenIds },
  {
    flags: '--forced-bos-token-id <id>',
    description: 'the first token after a prompt of one token',
    parse: wholeNumber(0),
  },
  {
    flags: '--decoder-start-token-id <id>',
    description: 'what targets begin with, in models with an encoder',
    parse: wholeNumber(0),
  },
  {
    flags: '--forced-eos-token-id <ids>',
    description: 'the last token where the length ends the text',
    parse: tokenIds,
  },
  {
    flags: '--exponential-decay-length-penalty <pair>',
    description: 'as 20,1.05: end of text gets likelier by the factor each token after so many',
    parse: twoNumbers,
  },
  {
    flags: '--negative-prompt-ids <ids>',
    description: '--negative-prompt as token ids',
    parse: tokenIds,
  },
  { flags: '--remove-invalid-values', description: 'make logits finite instead of failing' },
  { flags: '--renormalize-logits', description: 'scores of beams are log probabilities after all processors' },
  {
    flags: '--processor-order <names>',
    description: "the order of all of these, by the library's names with commas",
    parse: listOf(PROCESSOR_ORDER),
  },
].map((flag) => ({ ...flag, isRare: true }));
