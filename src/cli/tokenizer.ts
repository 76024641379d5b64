import type { Command } from 'commander';
import { helpEnd } from './help-text.ts';
import type { Terminal } from './terminal.ts';
import { addEncodeCommand } from './tokenizer-encode.ts';
import { addTrainCommand } from './tokenizer-train.ts';

const EXAMPLES = [
  ['kvasir tokenizer train book.txt -o ./tokenizer --vocab-size 4096', 'Train a tokenizer on a text.'],
  ['kvasir tokenizer encode -t ./tokenizer "Once upon a time"', 'See what it makes of another.'],
] as const;

/** `kvasir tokenizer`: the commands that need no model. */
export function addTokenizerCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('tokenizer')
    .description('Train a tokenizer on your own text, and look at what it makes of others.')
    .addHelpText('after', helpEnd(EXAMPLES, "kvasir tokenizer help <command> shows a command's options and examples."));
  addTrainCommand(command, terminal);
  addEncodeCommand(command, terminal);
}
