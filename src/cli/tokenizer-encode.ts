import type { Command } from 'commander';
import { loadTokenizer } from '../tokenizers/load-tokenizer.ts';
import { UsageError } from './exit-codes.ts';
import { addFlags, type Flag, OUTPUT_FLAGS } from './flags.ts';
import { helpEnd } from './help-text.ts';
import type { Terminal } from './terminal.ts';
import { readTextInput } from './text-input.ts';

const ENCODE_FLAGS: readonly Flag[] = [
  { flags: '-t, --tokenizer <folder>', description: 'the folder of a tokenizer.json, such as a model; . unless given' },
  { flags: '-f, --file <path>', description: 'the text from a file, as it is; - is stdin' },
  { flags: '--no-special-tokens', description: 'without what the tokenizer adds around a text' },
];

interface EncodeFlags {
  readonly tokenizer?: string;
  readonly file?: string;
  readonly specialTokens: boolean;
  readonly json?: boolean;
}

const EXAMPLES = [
  [
    'kvasir tokenizer encode -t ./gpt2 "Once upon a time"',
    'Its token ids, as --token-ids of other commands takes them.',
  ],
  ['kvasir tokenizer encode -t ./gpt2 --file book.txt --json', 'Ids and tokens of a file, as JSON.'],
] as const;

const JSON_NOTE = 'With --json: { ids, tokens }; tokens are written as the vocabulary has them.';

/** `kvasir tokenizer encode`: a text as token ids. */
export function addEncodeCommand(parent: Command, terminal: Terminal): void {
  const command = parent
    .command('encode')
    .description('Print the token ids of a text.')
    .argument('[text...]', 'the text; - reads it from stdin');
  addFlags(command, 'Text:', ENCODE_FLAGS);
  addFlags(command, 'Output:', OUTPUT_FLAGS);
  command.addHelpText('after', helpEnd(EXAMPLES, JSON_NOTE));
  command.action((words: string[], flags: EncodeFlags) => encode(terminal, words, flags));
}

async function encode(terminal: Terminal, words: readonly string[], flags: EncodeFlags): Promise<void> {
  const { tokenizer: folder = '.', file, specialTokens, json } = flags;
  const text = await readTextInput({ words, file }, terminal.io.stdin);
  if (typeof text !== 'string')
    throw new UsageError('Cannot encode: there is no text; give it as an argument or with --file');
  const tokenizer = await terminal.interruptible((signal) => loadTokenizer(folder, { signal }));
  if (tokenizer === undefined)
    throw new Error(`Cannot encode: ${folder} has no tokenizer.json; --tokenizer names its folder`);
  const ids = tokenizer.encode(text, { addSpecialTokens: specialTokens });
  if (json) terminal.writeJson({ ids, tokens: ids.map((id) => tokenizer.idToToken(id)) });
  else terminal.write(`${ids.join(',')}\n`);
}
