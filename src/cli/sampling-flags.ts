import { decimal, oneOf, wholeNumber } from './flag-values.ts';
import type { Flag } from './flags.ts';

/** From which tokens one is drawn. Any of them but a temperature of 0 asks for drawing. */
export const SAMPLING_FLAGS: readonly Flag[] = [
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
    flags: '--typical-p <share>',
    description: 'draw from the tokens of nearly the expected surprise that reach this; 1 is all',
    parse: decimal,
  },
  { flags: '--typical <share>', description: '', parse: decimal, isHidden: true },
  {
    flags: '--top-n-sigma <count>',
    description: 'draw from logits this many standard deviations below the highest; 0 is all',
    parse: decimal,
  },
  {
    flags: '--xtc-probability <share>',
    description: 'how often the likeliest tokens are left out but for the last of them; 0 is never',
    parse: decimal,
  },
  {
    flags: '--mirostat <version>',
    description: '1 or 2: keep the surprise of the text near --mirostat-tau, with no other cut',
    parse: (text) => Number(oneOf(['0', '1', '2'])(text)),
  },
  {
    flags: '--dynatemp-range <number>',
    description: 'let the temperature go this far up and down with the entropy; 0 is none',
    parse: decimal,
  },
  {
    flags: '--epsilon-cutoff <share>',
    description: 'draw from tokens at least this likely',
    parse: decimal,
    isRare: true,
  },
  {
    flags: '--eta-cutoff <share>',
    description: 'the same, or less likely where the entropy is high',
    parse: decimal,
    isRare: true,
  },
  {
    flags: '--xtc-threshold <share>',
    description: 'how likely a token must be for --xtc-probability (0.1)',
    parse: decimal,
    isRare: true,
  },
  { flags: '--mirostat-tau <bits>', description: 'the surprise aimed at (5)', parse: decimal, isRare: true },
  { flags: '--mirostat-eta <rate>', description: 'how fast Mirostat learns (0.1)', parse: decimal, isRare: true },
  {
    flags: '--dynatemp-exponent <power>',
    description: 'of the entropy that --dynatemp-range follows (1)',
    parse: decimal,
    isRare: true,
  },
];
