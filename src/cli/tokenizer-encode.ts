import type { Command } from 'commander';
import { loadSourceTargetTokenizer } from '../tokenizers/source-target/load-source-target-tokenizer.ts';
import type { SourceTargetTokenizer } from '../tokenizers/source-target/source-target-tokenizer.ts';
import { UsageError } from './exit-codes.ts';
import { addFlags, type Flag, OUTPUT_FLAGS } from './flags.ts';
import { helpEnd } from './help-text.ts';
import type { Terminal } from './terminal.ts';
import { readTextInput } from './text-input.ts';

const ENCODE_FLAGS: readonly Flag[] = [
  { flags: '-t, --tokenizer <folder>', description: 'the folder of a tokenizer, such as a model; . unless given' },
  { flags: '-f, --file <path>', description: 'the text from a file, as it is; - is stdin' },
  { flags: '--no-special-tokens', description: 'without what the tokenizer adds around a text' },
];

const TRANSLATION_FLAGS: readonly Flag[] = [
  { flags: '--from <language>', description: "the text's language, for models that are told it: en, en_XX, eng_Latn" },
  { flags: '--to <language>', description: 'the language to translate to, for models that are told it' },
  { flags: '--as-target', description: 'as what the decoder writes, not what the encoder reads' },
];

interface EncodeFlags {
  readonly tokenizer?: string;
  readonly file?: string;
  readonly specialTokens: boolean;
  readonly from?: string;
  readonly to?: string;
  readonly asTarget?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = [
  [
    'kvasir tokenizer encode -t ./gpt2 "Once upon a time"',
    'Its token ids, as --token-ids of other commands takes them.',
  ],
  ['kvasir tokenizer encode -t ./gpt2 --file book.txt --json', 'Ids and tokens of a file, as JSON.'],
  [
    'kvasir tokenizer encode -t ./nllb --from eng_Latn "Good morning"',
    "A source as a translation model's encoder reads it.",
  ],
] as const;

const JSON_NOTE = 'With --json: { ids, tokens }; tokens are written as the vocabulary has them.';

/** `kvasir tokenizer encode`: a text as token ids. */
export function addEncodeCommand(parent: Command, terminal: Terminal): void {
  const command = parent
    .command('encode')
    .description('Print the token ids of a text.')
    .argument('[text...]', 'the text; - reads it from stdin');
  addFlags(command, 'Text:', ENCODE_FLAGS);
  addFlags(command, 'Translation:', TRANSLATION_FLAGS);
  addFlags(command, 'Output:', OUTPUT_FLAGS);
  command.addHelpText('after', helpEnd(EXAMPLES, JSON_NOTE));
  command.action((words: string[], flags: EncodeFlags) => encode(terminal, words, flags));
}

async function encode(terminal: Terminal, words: readonly string[], flags: EncodeFlags): Promise<void> {
  const { tokenizer: folder = '.', file, json } = flags;
  const text = await readTextInput({ words, file }, terminal.io.stdin);
  if (typeof text !== 'string')
    throw new UsageError('Cannot encode: there is no text; give it as an argument or with --file');
  const tokenizers = await terminal.interruptible((signal) => loadSourceTargetTokenizer(folder, { signal }));
  if (tokenizers === undefined)
    throw new Error(`Cannot encode: ${folder} has no tokenizer; --tokenizer names its folder`);
  const ids = encodeText(tokenizers, text, flags);
  const side = flags.asTarget ? tokenizers.target : tokenizers.source;
  if (json) terminal.writeJson({ ids, tokens: ids.map((id) => side.idToToken(id)) });
  else terminal.write(`${ids.join(',')}\n`);
}

function encodeText(tokenizers: SourceTargetTokenizer, text: string, flags: EncodeFlags): number[] {
  const { from, to, asTarget, specialTokens } = flags;
  if (!specialTokens) {
    if (from !== undefined || to !== undefined)
      throw new UsageError('Cannot encode: --from and --to mean nothing with --no-special-tokens');
    const side = asTarget ? tokenizers.target : tokenizers.source;
    return side.encode(text, { addSpecialTokens: false });
  }
  if (!asTarget) return tokenizers.encodeSource(text, { from, to });
  if (from !== undefined) throw new UsageError('Cannot encode: --from means nothing with --as-target');
  return tokenizers.encodeTarget(text, { to });
}
