import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addChatCommand } from './chat.ts';
import { EXIT_CODES_HELP } from './exit-codes.ts';
import { addGenerateCommand } from './generate.ts';
import { addInspectCommand } from './inspect.ts';
import { addMemoryCommand } from './memory.ts';
import { addPullCommand } from './pull.ts';
import { addScoreCommand } from './score.ts';
import type { Terminal } from './terminal.ts';

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
    .configureHelp({ styleTitle: (title) => colors.bold(title), styleOptionTerm: (term) => colors.cyan(term) })
    .addHelpText('after', `\nkvasir help <command> shows a command's options and examples.\n\n${EXIT_CODES_HELP}`);
  addGenerateCommand(program, terminal);
  addChatCommand(program, terminal);
  addScoreCommand(program, terminal);
  addMemoryCommand(program, terminal);
  addInspectCommand(program, terminal);
  addPullCommand(program, terminal);
  return program;
}

/** Wide enough to read, and the same where nobody sees the width. */
function helpWidth(columns = 100): number {
  return Math.min(Math.max(columns, 60), 120);
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
