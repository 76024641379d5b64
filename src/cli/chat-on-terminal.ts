import { didYouMean } from '../base/suggest.ts';
import type { Conversation } from './conversation.ts';
import { Interrupted } from './exit-codes.ts';
import { LinePrompt } from './line-prompt.ts';
import { speedLine } from './speed-line.ts';
import type { Terminal } from './terminal.ts';

const COMMANDS = {
  '/exit': 'leave; so do Ctrl-D, and Ctrl-C where there is no answer to stop',
  '/reset': 'begin a new conversation',
  '/help': 'this list',
} as const;

type ChatCommand = keyof typeof COMMANDS;

/** Asks, answers and asks again until the user leaves. */
export async function chatOnTerminal(terminal: Terminal, conversation: Conversation): Promise<void> {
  const prompt = new LinePrompt(terminal, terminal.noteColors.cyan('> '));
  terminal.note('/help lists what may be said to kvasir itself; Ctrl-C stops an answer');
  for (;;) {
    const line = await prompt.next();
    if (line === undefined) return;
    const command = readCommand(line);
    if (command === '/exit') return;
    if (command === '/reset') conversation.reset();
    else if (command === '/help') terminal.note(help());
    else if (command !== undefined)
      terminal.complain(`Unknown ${command}${didYouMean(command, Object.keys(COMMANDS))}`);
    else if (line.trim() !== '') await answer(terminal, conversation, line);
  }
}

/** A line that is one word with a slash before it; a path is none. */
function readCommand(line: string): ChatCommand | (string & {}) | undefined {
  const text = line.trim();
  return /^\/[a-z]+$/.test(text) ? text : undefined;
}

function help(): string {
  return Object.entries(COMMANDS)
    .map(([name, meaning]) => `${name.padEnd(8)}${meaning}`)
    .join('\n');
}

/** An answer that is stopped, or cannot be given, does not end the conversation. */
async function answer(terminal: Terminal, conversation: Conversation, text: string): Promise<void> {
  try {
    const generation = await terminal.interruptible((signal) =>
      conversation.answer(text, { signal, onToken: (token) => terminal.write(terminal.printable(token.text)) }),
    );
    terminal.write('\n');
    terminal.note(speedLine(generation));
  } catch (error) {
    terminal.write('\n');
    if (error instanceof Interrupted) terminal.note('stopped');
    else if (error instanceof RangeError) terminal.complain(`${error.message} (/reset begins anew)`);
    else throw error;
  }
}
