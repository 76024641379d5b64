import type { Command } from 'commander';
import { sumOfEvaluations } from '../llm/evaluate-documents.ts';
import type { LLM } from '../llm/llm.ts';
import { EncoderDecoderLM } from '../models/encoder-decoder-lm.ts';
import { documentsOfFile } from './documents-of-file.ts';
import { evaluatePairs } from './evaluate-pairs.ts';
import { evaluationTable, type FileEvaluation, type ModelReport } from './evaluation-table.ts';
import { UsageError } from './exit-codes.ts';
import { flagNames } from './flag-names.ts';
import { collect, wholeNumber } from './flag-values.ts';
import { addFlags, type Flag, OUTPUT_FLAGS } from './flags.ts';
import { formatCount, formatSeconds } from './format.ts';
import { helpEnd } from './help-text.ts';
import { CACHE_DTYPE, DTYPE, MODEL, MODEL_FLAGS, type ModelFlags, openModel } from './model-flags.ts';
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

/** Of models with an encoder. */
const LANGUAGE_FLAGS: readonly Flag[] = [
  { flags: '--from <code>', description: 'language of the sources of pairs, as the model spells it: en, eng_Latn' },
  { flags: '--to <code>', description: 'language of the targets' },
];

/** Options that may be repeated here: every model is evaluated in every width. */
const REPEATED: ReadonlyMap<Flag, Flag> = new Map(
  [MODEL, DTYPE].map((flag) => [
    flag,
    { ...flag, description: `${flag.description}; may be repeated`, parse: several(flag) },
  ]),
);

const AGAINST: Flag = {
  flags: '--against <folder>',
  description:
    'a model of the same vocabulary, in the width of its file, to compare each with: KL divergence and how often both find the same token likeliest',
};

const FLAG_NAMES = flagNames(DATA_FLAGS, LANGUAGE_FLAGS, MODEL_FLAGS, [AGAINST]);

interface EvaluateFlags extends Omit<ModelFlags, 'model' | 'dtype'> {
  readonly model?: readonly string[];
  readonly dtype?: readonly NonNullable<ModelFlags['dtype']>[];
  readonly against?: string;
  readonly data?: readonly string[];
  readonly separator?: string;
  readonly stride?: number;
  readonly maxTokens?: number;
  readonly from?: string;
  readonly to?: string;
}

const EXAMPLES = [
  ['kvasir evaluate -m ./run/step-00002000 -d test.txt', 'Loss, perplexity and bits per byte of a text.'],
  [
    'kvasir evaluate -m ./gpt2 --adapter ./run/step-00000500 -d answers.jsonl --json',
    'Of completions, through an adapter.',
  ],
  ['kvasir evaluate -m ./translator/step-00004000 -d pairs.jsonl', 'Of targets, given their sources.'],
  ['kvasir evaluate -m ./gpt2 -d a.txt -d b.txt --stride 1023 --max-tokens 100000', 'Two texts, fast and less exact.'],
  [
    'kvasir evaluate -m ./gpt2-q8_0.gguf -m ./gpt2-q4_0.gguf --against ./gpt2 -d test.txt',
    'What rounding the weights costs: a row for each.',
  ],
] as const;

const NOTES = `A text is read in windows of --context-length tokens that begin every --stride tokens; each token is predicted once, from
all of its window before it. Files are read whole. A smaller stride gives each more to go by, and takes longer. Bits per byte compare models of
different tokenizers; bits per token and perplexity do not. KL is the mean of KL(P ‖ Q) over the predicted tokens, in nats: P is the
model of --against, Q the model of the row. Δ is the change of perplexity.

A model with an encoder is measured on pairs: on the targets, each given its whole source. It takes no --stride,
--max-tokens, --separator, --context-length and --against.

With --json: { contextLength, stride, against, models [{ model, dtype, weightBytes, files, total }] }, stride null for pairs, where files are
[{ path, numDocuments, numTokens, numBytes, loss, perplexity, bitsPerToken, bitsPerByte, comparison }], the loss is in nats per token,
and comparison, null without --against, is { loss, perplexity, klDivergence, maxKlDivergence, topAgreement }, the first two of them
the other model's.`;

/** `kvasir evaluate`: how well models predict some data. */
export function addEvaluateCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('evaluate')
    .description(
      'Measure how well models predict your data: loss, perplexity, bits per byte, and how far they are from another.',
    );
  addFlags(command, 'Data:', [...DATA_FLAGS, ...LANGUAGE_FLAGS]);
  addFlags(command, 'Model:', [...MODEL_FLAGS.map((flag) => REPEATED.get(flag) ?? flag), CACHE_DTYPE, AGAINST]);
  addFlags(command, 'Output:', OUTPUT_FLAGS);
  command.addHelpText('after', helpEnd(EXAMPLES, NOTES));
  command.action((flags: EvaluateFlags) => evaluate(terminal, flags));
}

async function evaluate(terminal: Terminal, flags: EvaluateFlags): Promise<void> {
  const { model: models, dtype: dtypes = [undefined], data: paths, json = false, ...common } = flags;
  if (paths === undefined) throw new UsageError('Cannot evaluate: no data are given; name a file with --data');
  if (models === undefined) throw new UsageError('Cannot evaluate: no model is given; name a folder with --model');
  const open = (model: string, dtype: ModelFlags['dtype'], signal: AbortSignal) =>
    openModel(terminal, { ...common, json, model, ...(dtype && { dtype }) }, signal);
  await terminal.interruptible(async (signal) => {
    const start = performance.now();
    const against = flags.against === undefined ? undefined : await open(flags.against, 'auto', signal);
    await using _ = against?.llm;
    const reports: ModelReport[] = [];
    let contextLength = 0;
    let stride: number | null | undefined = flags.stride;
    for (const model of models) {
      for (const dtype of dtypes) {
        const { llm, adapter } = await open(model, dtype, signal);
        await using _ = llm;
        contextLength = Math.min(llm.contextLength, against?.llm.contextLength ?? llm.contextLength);
        const input = { paths, flags, adapter, against: against?.llm, signal };
        const isOfPairs = llm.model instanceof EncoderDecoderLM;
        if (isOfPairs) stride = null;
        const files = isOfPairs ? await evaluatePairFiles(llm, input) : await evaluateFiles(terminal, llm, input);
        const { weightBytes } = llm.memory();
        reports.push({ model, dtype: dtype ?? 'auto', weightBytes, files, total: sumOfEvaluations(files) });
      }
    }
    if (stride === undefined) stride = Math.floor(contextLength / 2);
    if (json) return terminal.writeJson({ contextLength, stride, against: flags.against ?? null, models: reports });
    terminal.write(evaluationTable(reports, flags.against));
    const numTokens = reports.reduce((sum, { total }) => sum + total.numTokens, 0);
    terminal.note(`${formatCount(numTokens)} tokens evaluated in ${formatSeconds(performance.now() - start)}`);
  });
}

interface FilesInput {
  readonly paths: readonly string[];
  readonly flags: EvaluateFlags;
  readonly adapter: string | undefined;
  readonly against: LLM | undefined;
  readonly signal: AbortSignal;
}

async function evaluateFiles(terminal: Terminal, llm: LLM, input: FilesInput): Promise<readonly FileEvaluation[]> {
  const { flags, adapter, against, signal } = input;
  const language = (['from', 'to'] as const).find((name) => flags[name] !== undefined);
  if (language !== undefined)
    throw new UsageError(`Cannot evaluate: --${language} is given, but the model has no encoder that reads a source`);
  const { separator, maxTokens, stride, json = false } = flags;
  const { tokenizer } = llm;
  if (tokenizer === undefined) throw new Error("Cannot evaluate: the model's folder has no tokenizer.json");
  const bar = new ProgressBar(terminal, { isQuiet: json });
  const files: FileEvaluation[] = [];
  try {
    for (const path of input.paths) {
      const onProgress = (loaded: number, total: number) =>
        bar.update({ action: 'Evaluating', loaded, total, amount: `${formatCount(loaded)} tokens`, detail: path });
      const documents = await documentsOfFile(path, tokenizer, { separator, maxTokens, signal });
      const evaluation = await llm.evaluate(documents, { stride, adapter, against, signal, onProgress });
      files.push({ path, ...evaluation });
    }
  } finally {
    bar.stop();
  }
  return files;
}

/** Flags that say nothing of pairs. */
const NOT_OF_PAIRS = ['stride', 'maxTokens', 'separator', 'contextLength', 'against'] as const;

async function evaluatePairFiles(
  llm: LLM,
  { paths, flags, adapter, signal }: FilesInput,
): Promise<readonly FileEvaluation[]> {
  const name = NOT_OF_PAIRS.find((one) => flags[one] !== undefined);
  if (name !== undefined)
    throw new UsageError(`Cannot evaluate: ${FLAG_NAMES.get(name)} is given, but a model with an encoder reads pairs`);
  const files: FileEvaluation[] = [];
  const { from, to } = flags;
  for (const path of paths) files.push({ path, ...(await evaluatePairs(llm, path, { from, to, adapter, signal })) });
  return files;
}

/** Reads each value as the option does that is given once. */
function several({ parse = (value) => value }: Flag): NonNullable<Flag['parse']> {
  return (value, previous) => [...((previous as readonly unknown[] | undefined) ?? []), parse(value, undefined)];
}
