import { Command } from 'commander';
import { addBenchCommand } from './bench.ts';
import { addChatCommand } from './chat.ts';
import { addDequantizeCommand } from './dequantize.ts';
import { addEvaluateCommand } from './evaluate.ts';
import { addFinetuneCommand } from './finetune.ts';
import { addGenerateCommand } from './generate.ts';
import { HELP_LAYOUT, helpEnd } from './help-text.ts';
import { addInspectCommand } from './inspect.ts';
import { addMemoryCommand } from './memory.ts';
import { addMergeAdapterCommand } from './merge-adapter.ts';
import { addPullCommand } from './pull.ts';
import { addQuantizeCommand } from './quantize.ts';
import { addScoreCommand } from './score.ts';
import type { Terminal } from './terminal.ts';
import { addTokenizerCommand } from './tokenizer.ts';
import { addTrainCommand } from './train.ts';
import { addTranslationCommands } from './translation/translate.ts';
import { version } from './version.ts';

const EXAMPLES = [
  ['kvasir generate "Once upon a time"', 'Try it: the bundled model of short stories.'],
  ['kvasir generate -m ./gpt2 -n 50 "Once upon a time"', 'Continue a text with a model from a Hugging Face folder.'],
  ['kvasir chat -m Qwen/Qwen2-0.5B-Instruct', 'Talk with a model from the hub.'],
  ['kvasir translate -m ./opus-mt-en-de "The sea is wide."', 'Translate with an encoder-decoder model.'],
  ['kvasir train --preset shakespeare-char-cpu --data input.txt -o ./run', 'Train a model of your own.'],
] as const;

/** The commands of `kvasir`, with what they write and where. */
export function createProgram(terminal: Terminal): Command {
  const { io, colors, noteColors } = terminal;
  const program = new Command('kvasir')
    .description('A Transformer decoder: real weights in, text out.')
    .version(version(), '--version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text) => terminal.complain(text.replace(/^error: /, '').trimEnd()),
      getOutHelpWidth: () => helpWidth(io.stdout.columns),
      getErrHelpWidth: () => helpWidth(io.stderr.columns),
      getOutHasColors: () => colors.isColorSupported,
      getErrHasColors: () => noteColors.isColorSupported,
    })
    .configureHelp({
      ...HELP_LAYOUT,
      styleTitle: (title) => colors.bold(title),
      styleOptionTerm: (term) => colors.cyan(term),
    })
    .showHelpAfterError('kvasir help <command> shows what it takes')
    .addHelpText('after', helpEnd(EXAMPLES, "kvasir help <command> shows a command's options and examples."));
  addGenerateCommand(program, terminal);
  addChatCommand(program, terminal);
  addScoreCommand(program, terminal);
  addTrainCommand(program, terminal);
  addFinetuneCommand(program, terminal);
  addEvaluateCommand(program, terminal);
  addBenchCommand(program, terminal);
  addMemoryCommand(program, terminal);
  addInspectCommand(program, terminal);
  addPullCommand(program, terminal);
  addTranslationCommands(program, terminal);
  addTokenizerCommand(program, terminal);
  addMergeAdapterCommand(program, terminal);
  addQuantizeCommand(program, terminal);
  addDequantizeCommand(program, terminal);
  return program;
}

/** Wide enough to read, and the same where nobody sees the width. */
function helpWidth(columns = 100): number {
  return Math.min(Math.max(columns, 60), 120);
}
