import { decimal, oneOf, wholeNumber } from './flag-values.ts';
import type { Flag } from './flags.ts';

/** How one text is looked for. */
export const SEARCH_FLAGS: readonly Flag[] = [
  {
    flags: '--num-beams <count>',
    description: 'beam search: keep this many likeliest texts at each step; 1 is none',
    parse: wholeNumber(1),
  },
  {
    flags: '--num-beam-groups <count>',
    description: 'part the beams into groups that --diversity-penalty keeps apart',
    parse: wholeNumber(1),
  },
  {
    flags: '--diversity-penalty <number>',
    description: 'taken from a token for each beam of an earlier group that has it',
    parse: decimal,
  },
  {
    flags: '--length-penalty <power>',
    description: "of the length that a beam's score is divided by; more favours long texts (1)",
    parse: decimal,
  },
  {
    flags: '--early-stopping [never]',
    description: 'end beam search with the first finished beams; never: only when no better can come',
    parse: oneOf(['never']),
  },
  {
    flags: '--penalty-alpha <share>',
    description: 'contrastive search among --top-k tokens: what likeness to the text before costs',
    parse: decimal,
  },
];

/** How many texts come of one prompt. */
export const CHOICE_FLAGS: readonly Flag[] = [
  {
    flags: '--num-return-sequences <count>',
    description: 'texts of each prompt, drawn or the best beams; also --n (1)',
    parse: wholeNumber(1),
  },
  { flags: '--n <count>', description: '', parse: wholeNumber(1), isHidden: true },
];

export const BEST_OF: Flag = {
  flags: '--best-of <count>',
  description: 'draw this many texts and give the likeliest of them',
  parse: wholeNumber(1),
};
