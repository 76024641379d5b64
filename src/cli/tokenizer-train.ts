import type { Command } from 'commander';
import { trainBpe } from '../tokenizers/training/train-bpe.ts';
import { trainCharacters } from '../tokenizers/training/train-characters.ts';
import { UsageError } from './exit-codes.ts';
import { flagNames, speakingOfFlags } from './flag-names.ts';
import { collect, oneOf, wholeNumber } from './flag-values.ts';
import { addFlags, type Flag, OUTPUT_FLAGS } from './flags.ts';
import { formatCount, formatSeconds } from './format.ts';
import { helpEnd } from './help-text.ts';
import { OutputFolder } from './output-folder.ts';
import { ProgressBar } from './progress-bar.ts';
import type { Terminal } from './terminal.ts';
import { type Trained, type Training, trainOnFiles } from './train-on-files.ts';

const KINDS = ['bpe', 'char'] as const;

const TOKENIZER_FLAGS: readonly Flag[] = [
  {
    flags: '--kind <kind>',
    description: 'bpe, byte pairs as GPT-2 has them (unless given), or char, a token for each character',
    parse: oneOf(KINDS),
  },
  {
    flags: '--vocab-size <tokens>',
    description: 'most tokens, 256 for the bytes and special ones counted; of bpe, which needs it',
    parse: wholeNumber(1),
  },
  {
    flags: '--min-frequency <count>',
    description: 'merge only pairs that occur so often; 2 unless given; of bpe',
    parse: wholeNumber(0),
  },
  {
    flags: '--special-token <token>',
    description:
      'a token of its own, the first for the end of a text; may be repeated; for bpe <|endoftext|> unless given',
    parse: collect,
    option: 'specialTokens',
  },
];

const FLAG_NAMES = flagNames(TOKENIZER_FLAGS);

const FOLDER_FLAGS: readonly Flag[] = [
  { flags: '-o, --output <folder>', description: 'where tokenizer.json and tokenizer_config.json are written; needed' },
  { flags: '--force', description: 'replace them if they are there' },
];

const FILE_NAMES = ['tokenizer.json', 'tokenizer_config.json'];

interface TrainFlags {
  readonly kind?: (typeof KINDS)[number];
  readonly vocabSize?: number;
  readonly minFrequency?: number;
  readonly specialToken?: readonly string[];
  readonly output?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = [
  ['kvasir tokenizer train book.txt -o ./tokenizer --vocab-size 4096', 'Byte pairs, as GPT-2 has them.'],
  ['kvasir tokenizer train a.txt b.txt -o ./tokenizer --kind char', 'One token for each character, as nanoGPT.'],
  ['cat *.txt | kvasir tokenizer train - -o ./tokenizer --vocab-size 32768 --json', 'From stdin; the report as JSON.'],
] as const;

const NOTES =
  'Files are UTF-8 and may be larger than memory. A special token written in them, such as <|endoftext|>, ends a text.\n' +
  'With --json: { output, kind, vocabSize, numCharacters, seconds }, of bpe also numMerges, numWords and\n' +
  'numDistinctWords.';

/** `kvasir tokenizer train`: a tokenizer from text. */
export function addTrainCommand(parent: Command, terminal: Terminal): void {
  const command = parent
    .command('train')
    .description('Train a tokenizer on text, and print the folder it is written to.')
    .argument('<files...>', 'text files; - is stdin');
  addFlags(command, 'Tokenizer:', TOKENIZER_FLAGS);
  addFlags(command, 'Output:', [...FOLDER_FLAGS, ...OUTPUT_FLAGS]);
  command.addHelpText('after', helpEnd(EXAMPLES, NOTES));
  command.action((files: string[], flags: TrainFlags) => train(terminal, files, flags));
}

async function train(terminal: Terminal, files: readonly string[], flags: TrainFlags): Promise<void> {
  const { kind = 'bpe', vocabSize = 0, output, force = false, json = false } = flags;
  if (output === undefined)
    throw new UsageError('Cannot train a tokenizer: no folder is given; name one with --output');
  const training = chooseTraining(flags);
  const folder = new OutputFolder(output, { mayReplace: force });
  const start = performance.now();
  const trained = await terminal.interruptible(async (signal) => {
    await folder.expectRoomFor(FILE_NAMES);
    const input = { files, stdin: terminal.io.stdin, bar: new ProgressBar(terminal, { isQuiet: json }), signal };
    const trained = await speakingOfFlags(FLAG_NAMES, () => trainOnFiles(training, input));
    await folder.write(trained.files);
    return trained;
  });
  const { files: _, ...facts } = trained;
  const milliseconds = performance.now() - start;
  if (json) return terminal.writeJson({ output, kind, ...facts, seconds: milliseconds / 1000 });
  terminal.write(`${output}\n`);
  terminal.note(summary(trained, milliseconds));
  if (trained.vocabSize < vocabSize)
    terminal.note(`The text gives no more than ${formatCount(trained.vocabSize)} of ${formatCount(vocabSize)} tokens.`);
}

/** Which kind, with its options. Throws a `UsageError` for those that it does not take. */
function chooseTraining({ kind, vocabSize, minFrequency, specialToken: specialTokens }: TrainFlags): Training {
  if (kind !== 'char') {
    if (vocabSize === undefined)
      throw new UsageError('Cannot train a tokenizer: its size is not given; say --vocab-size, such as 4096');
    return (corpus, control) => trainBpe(corpus, { vocabSize, minFrequency, specialTokens, ...control });
  }
  if (vocabSize !== undefined || minFrequency !== undefined)
    throw new UsageError(
      'Cannot train a tokenizer: --vocab-size and --min-frequency are for --kind bpe; of --kind char each character is a token',
    );
  return (corpus, control) => trainCharacters(corpus, { specialTokens, ...control });
}

function summary(trained: Trained, milliseconds: number): string {
  const words = 'numWords' in trained ? `, ${formatCount(trained.numDistinctWords)} different words` : '';
  const text = `${formatCount(trained.numCharacters)} characters${words}`;
  return `${formatCount(trained.vocabSize)} tokens from ${text} in ${formatSeconds(milliseconds)}`;
}
