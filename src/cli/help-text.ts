import { Help, type HelpConfiguration } from 'commander';
import { EXIT_CODES_HELP } from './exit-codes.ts';

/** The end of a command's help: examples, each with what it does, and the exit codes. */
export function helpEnd(
  examples: readonly (readonly [command: string, meaning: string])[],
  ...notes: string[]
): string {
  const lines = examples.map(([command, meaning]) => `  $ ${command}\n      ${meaning}`);
  return ['', 'Examples:', ...lines, '', ...notes.flatMap((note) => [note, '']), EXIT_CODES_HELP].join('\n');
}

/** Wide enough for most options; the description of a longer one stands below it. */
const TERM_WIDTH = 30;

/** How a list of options is laid out. */
export const HELP_LAYOUT: HelpConfiguration = {
  padWidth(command, helper) {
    return Math.min(TERM_WIDTH, Help.prototype.padWidth.call(helper, command, helper));
  },
  formatItem(term, width, description, helper) {
    const format = (first: string) => Help.prototype.formatItem.call(helper, first, width, description, helper);
    return helper.displayWidth(term) <= width ? format(term) : `  ${term}\n${format('')}`;
  },
};
