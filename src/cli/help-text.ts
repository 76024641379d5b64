import { EXIT_CODES_HELP } from './exit-codes.ts';

/** The end of a command's help: examples, each with what it does, and the exit codes. */
export function helpEnd(
  examples: readonly (readonly [command: string, meaning: string])[],
  ...notes: string[]
): string {
  const lines = examples.map(([command, meaning]) => `  $ ${command}\n      ${meaning}`);
  return ['', 'Examples:', ...lines, '', ...notes.flatMap((note) => [note, '']), EXIT_CODES_HELP].join('\n');
}
