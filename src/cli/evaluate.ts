import type { Command } from 'commander';
import { evaluateFile, type FileEvaluation, sumOf } from './evaluate-file.ts';
import { hasEncoder, openPairEvaluator } from './evaluate-pairs.ts';
import { UsageError } from './exit-codes.ts';
import { findModel } from './find-model.ts';
import { flagNames } from './flag-names.ts';
import { collect, wholeNumber } from './flag-values.ts';
import { addFlags, type Flag, OUTPUT_FLAGS } from './flags.ts';
import { formatBytes, formatCount, formatSeconds, formatTable } from './format.ts';
import { helpEnd } from './help-text.ts';
import { MODEL_FLAGS, type ModelFlags, openModel } from './model-flags.ts';
import { ProgressBar } from './progress-bar.ts';
import type { Terminal } from './terminal.ts';

const DATA_FLAGS: readonly Flag[] = [
  {
    flags: '-d, --data <file>',
    description:
      'text, JSON lines (.jsonl) or pairs (.tsv); may be repeated; of prompts and sources only what follows counts',
    parse: collect,
  },
  { flags: '--separator <text>', description: 'what stands between documents of a text file, such as "<|endoftext|>"' },
  {
    flags: '--stride <tokens>',
    description: 'of the windows over a text longer than the context; half the context unless given',
    parse: wholeNumber(1),
  },
  {
    flags: '--max-tokens <count>',
    description: 'of each file, from its beginning; all unless given',
    parse: wholeNumber(1),
  },
];

const FLAG_NAMES = flagNames(DATA_FLAGS, MODEL_FLAGS);

interface EvaluateFlags extends ModelFlags {
  readonly data?: readonly string[];
  readonly separator?: string;
  readonly stride?: number;
  readonly maxTokens?: number;
}

const EXAMPLES = [
  ['kvasir evaluate -m ./run/step-00002000 -d test.txt', 'Loss, perplexity and bits per byte of a text.'],
  [
    'kvasir evaluate -m ./gpt2 --adapter ./run/step-00000500 -d answers.jsonl --json',
    'Of completions, through an adapter.',
  ],
  ['kvasir evaluate -m ./translator/step-00004000 -d pairs.jsonl', 'Of targets, given their sources.'],
  ['kvasir evaluate -m ./gpt2 -d a.txt -d b.txt --stride 1023 --max-tokens 100000', 'Two texts, fast and less exact.'],
] as const;

const NOTES = `A text is read in windows of --context-length tokens that begin every --stride tokens; each token is predicted once, from
all of its window before it. Files are read whole. A smaller stride gives each more to go by, and takes longer. Bits per byte compare models of
different tokenizers; bits per token and perplexity do not.

A model with an encoder is measured on pairs: on the targets, each given its whole source. It takes no --stride,
--max-tokens, --separator, --context-length and adapters; in JSON its stride is null.

With --json: { model, contextLength, stride, files [{ path, numDocuments, numTokens, numBytes, loss, perplexity,
bitsPerToken, bitsPerByte }], total }, the loss in nats per token.`;

/** `kvasir evaluate`: how well a model predicts some data. */
export function addEvaluateCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('evaluate')
    .description('Measure how well a model predicts your data: loss, perplexity, bits per byte.');
  addFlags(command, 'Data:', DATA_FLAGS);
  addFlags(command, 'Model:', MODEL_FLAGS);
  addFlags(command, 'Output:', OUTPUT_FLAGS);
  command.addHelpText('after', helpEnd(EXAMPLES, NOTES));
  command.action((flags: EvaluateFlags) => evaluate(terminal, flags));
}

async function evaluate(terminal: Terminal, flags: EvaluateFlags): Promise<void> {
  const { model, data: paths, revision, json } = flags;
  if (paths === undefined) throw new UsageError('Cannot evaluate: no data are given; name a file with --data');
  if (model === undefined) throw new UsageError('Cannot evaluate: no model is given; name a folder with --model');
  await terminal.interruptible(async (signal) => {
    const folder = await findModel(terminal, model, { revision, json }, signal);
    const evaluated = (await hasEncoder(folder))
      ? await evaluateWithEncoder(terminal, folder, flags, signal)
      : await evaluateTexts(terminal, flags, signal);
    print(terminal, flags, evaluated);
  });
}

/** What files came to, and how. */
interface Evaluated {
  readonly files: readonly FileEvaluation[];
  readonly contextLength: number;
  readonly stride: number | null;
  readonly loadMs: number;
  readonly milliseconds: number;
}

async function evaluateTexts(terminal: Terminal, flags: EvaluateFlags, signal: AbortSignal): Promise<Evaluated> {
  const { data: paths = [], separator, stride, maxTokens, json = false } = flags;
  const { llm, loadMs, adapter } = await openModel(terminal, flags, signal);
  await using _ = llm;
  const bar = new ProgressBar(terminal, { isQuiet: json });
  const start = performance.now();
  const files: FileEvaluation[] = [];
  try {
    for (const path of paths) {
      const onProgress = (loaded: number, total: number) =>
        bar.update({ action: 'Evaluating', loaded, total, amount: `${formatCount(loaded)} tokens`, detail: path });
      files.push(await evaluateFile(llm, path, { adapter, separator, stride, maxTokens, signal, onProgress }));
    }
  } finally {
    bar.stop();
  }
  const { contextLength } = llm;
  const milliseconds = performance.now() - start;
  return { files, contextLength, stride: stride ?? Math.floor(contextLength / 2), loadMs, milliseconds };
}

/** Flags that say nothing of pairs. */
const NOT_OF_PAIRS = ['stride', 'maxTokens', 'separator', 'contextLength', 'adapter', 'mergeAdapter'] as const;

async function evaluateWithEncoder(
  terminal: Terminal,
  folder: string,
  flags: EvaluateFlags,
  signal: AbortSignal,
): Promise<Evaluated> {
  const name = NOT_OF_PAIRS.find((one) => flags[one] !== undefined);
  if (name !== undefined)
    throw new UsageError(`Cannot evaluate: ${FLAG_NAMES.get(name)} is given, but a model with an encoder reads pairs`);
  const evaluator = await openPairEvaluator(terminal, folder, flags, signal);
  try {
    const { contextLength, loadMs } = evaluator;
    const start = performance.now();
    const files: FileEvaluation[] = [];
    for (const path of flags.data ?? []) files.push(await evaluator.evaluate(path, signal));
    return { files, contextLength, stride: null, loadMs, milliseconds: performance.now() - start };
  } finally {
    await evaluator.dispose();
  }
}

function print(terminal: Terminal, { model, json = false }: EvaluateFlags, evaluated: Evaluated): void {
  const { files, contextLength, stride, loadMs, milliseconds } = evaluated;
  const total = sumOf(files);
  if (json) {
    terminal.writeJson({ model, contextLength, stride, files, total });
    return;
  }
  terminal.write(table(files));
  const seconds = formatSeconds(milliseconds);
  terminal.note(`${formatCount(total.numTokens)} tokens evaluated in ${seconds} · loaded in ${formatSeconds(loadMs)}`);
}

/** A row for each file, and one for all if there are several. */
function table(files: readonly FileEvaluation[]): string {
  const rows = files.length === 1 ? files : [...files, { path: 'all', ...sumOf(files) }];
  const head = ['data', 'tokens', 'size', 'loss', 'perplexity', 'bits/token', 'bits/byte'];
  return formatTable([head, ...rows.map(row)], [1, 2, 3, 4, 5, 6]);
}

function row({ path, numTokens, numBytes, loss, perplexity, bitsPerToken, bitsPerByte }: FileEvaluation): string[] {
  return [
    ...[path, formatCount(numTokens), formatBytes(numBytes), loss.toFixed(4), perplexity.toFixed(4)],
    ...[bitsPerToken.toFixed(4), bitsPerByte?.toFixed(4) ?? '–'],
  ];
}
