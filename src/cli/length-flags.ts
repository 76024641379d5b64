import { collect, decimal, tokenIds, wholeNumber } from './flag-values.ts';
import type { Flag } from './flags.ts';

/** How long a text gets, and what ends it. */
export const LENGTH_FLAGS: readonly Flag[] = [
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
  {
    flags: '--min-length <count>',
    description: 'fewest tokens of prompt and text together',
    parse: wholeNumber(0),
    isRare: true,
  },
  { flags: '--max-time <seconds>', description: 'end after this time with what there is', parse: decimal },
  { flags: '--stop <text>', description: 'end before this text; may be repeated', parse: collect },
  { flags: '--stop-token-ids <ids>', description: 'end at these tokens too, as 2,50256', parse: tokenIds },
  {
    flags: '--eos-token-id <ids>',
    description: "these tokens end the text, instead of the model's own",
    parse: tokenIds,
    isRare: true,
  },
  { flags: '--ignore-eos', description: "go on past the model's end of text" },
];

/** What is told of the tokens beside the text. */
export const LOG_PROB_FLAGS: readonly Flag[] = [
  {
    flags: '--log-probs [count]',
    description: 'log probability of each token, and of this many likeliest ones in its place',
    parse: wholeNumber(0),
  },
  { flags: '--logprobs [count]', description: '', parse: wholeNumber(0), isHidden: true },
  { flags: '--top-logprobs <count>', description: '', parse: wholeNumber(0), isHidden: true },
];
