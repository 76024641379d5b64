import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import type { GeneratedToken } from '../decoding/generation-output.ts';
import { chatOnTerminal } from './chat-on-terminal.ts';
import { Conversation } from './conversation.ts';
import { Interrupted, UsageError } from './exit-codes.ts';
import { speakingOfFlags } from './flag-names.ts';
import { collect } from './flag-values.ts';
import { addFlagGroups, type Flag, OUTPUT_FLAGS } from './flags.ts';
import {
  completeInput,
  GENERATION_GROUPS,
  type GenerationFlags,
  isSettledEarly,
  REQUEST_NAMES,
  readGenerationInput,
} from './generation-flags.ts';
import { interruptedToJson, toJson } from './generation-json.ts';
import { helpEnd } from './help-text.ts';
import { ENGINE_FLAGS, MODEL_FLAGS, type ModelFlags, type OpenedModel, openModel } from './model-flags.ts';
import { speedLine } from './speed-line.ts';
import type { Terminal } from './terminal.ts';

const CHAT_FLAGS: readonly Flag[] = [
  { flags: '--message <text>', description: 'say this, print the answer and end; may be repeated', parse: collect },
  { flags: '--system <text>', description: 'what the model is told before the conversation' },
];

type ChatFlags = ModelFlags & GenerationFlags & { readonly message?: readonly string[]; readonly system?: string };

const EXAMPLES = [
  ['kvasir chat -m Qwen/Qwen2-0.5B-Instruct', 'Talk with a model; /help lists what may be said to kvasir itself.'],
  ['kvasir chat -m ./qwen2 --system "Answer in one line." --message "What is rain?"', 'One question, one answer.'],
  ['kvasir chat -m ./qwen2 --json < questions.txt', 'Each line is a turn; each answer is a line of JSON.'],
] as const;

const NOTES =
  'On a terminal, Ctrl-C stops an answer, and leaves where there is none. Elsewhere each line of stdin is a turn.\n' +
  'With --json each answer is a line as kvasir generate prints it.';

/** `kvasir chat`: a conversation, written as the model's chat template says. */
export function addChatCommand(program: Command, terminal: Terminal): void {
  const command = program.command('chat').description('Talk with a model that has a chat template.');
  addFlagGroups(command, [
    ['Conversation:', CHAT_FLAGS],
    ['Model:', MODEL_FLAGS],
    ['Engine:', ENGINE_FLAGS],
    ...GENERATION_GROUPS,
    ['Output:', OUTPUT_FLAGS],
  ]);
  command.addHelpText('after', helpEnd(EXAMPLES, NOTES));
  command.action((flags: ChatFlags) => speakingOfFlags(REQUEST_NAMES, () => chat(terminal, flags)));
}

async function chat(terminal: Terminal, flags: ChatFlags): Promise<void> {
  const { message: messages, system, cache: useCache } = flags;
  if (flags.model === undefined)
    throw new UsageError('kvasir chat needs a --model: the bundled ones write stories and do not converse');
  // A model whose defaults ask for several texts gives one answer.
  const input = { ...readGenerationInput(flags), numReturnSequences: 1 };
  const opened = await terminal.interruptible((signal) => openModel(terminal, flags, signal));
  await using llm = opened.llm;
  const options = { ...input, adapter: opened.adapter, useCache, system };
  const conversation = new Conversation(llm, options, isSettledEarly(completeInput(input, flags, llm.defaults)));
  const isOnTerminal = messages === undefined && terminal.io.stdin.isTTY === true;
  if (isOnTerminal && !flags.json) return await chatOnTerminal(terminal, conversation);
  const turns = messages ?? createInterface({ input: terminal.io.stdin });
  for await (const text of turns) {
    if (text.trim() !== '') await answer(terminal, { conversation, text, ...opened, isJson: flags.json ?? false });
  }
}

interface Turn extends OpenedModel {
  readonly conversation: Conversation;
  readonly text: string;
  readonly isJson: boolean;
}

/** One turn of a conversation that nobody is watching. */
async function answer(terminal: Terminal, { conversation, text, llm, loadMs, isJson }: Turn): Promise<void> {
  const tokens: GeneratedToken[] = [];
  const onToken = (token: GeneratedToken) => {
    tokens.push(token);
    if (!isJson) terminal.write(terminal.printable(token.text));
  };
  await terminal.interruptible(async (signal) => {
    try {
      const generation = await conversation.answer(text, { signal, onToken });
      if (isJson) return terminal.writeJson(toJson(llm, generation, loadMs));
      terminal.write('\n');
      terminal.note(speedLine(generation, loadMs));
    } catch (error) {
      if (!isJson) terminal.write('\n');
      else if (error instanceof Interrupted) terminal.writeJson(interruptedToJson(llm, tokens, { loadMs }));
      throw error;
    }
  });
}
