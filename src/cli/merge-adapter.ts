import type { Command } from 'commander';
import { loadMergedModel } from '../adapters/load-merged-model.ts';
import type { WeightDType } from '../backend/dtype.ts';
import type { LanguageModel } from '../models/language-model.ts';
import { UsageError } from './exit-codes.ts';
import { findModel } from './find-model.ts';
import { addFlags, type Flag, OUTPUT_FLAGS } from './flags.ts';
import { formatSeconds } from './format.ts';
import { helpEnd } from './help-text.ts';
import { ADAPTER, FLOAT_DTYPE, MODEL, REVISION } from './model-flags.ts';
import type { Terminal } from './terminal.ts';
import { writeFloats } from './write-floats.ts';
import { expectNothingAt } from './write-whole.ts';

const OUTPUT: Flag = { flags: '-o, --output <folder>', description: 'a new folder for the merged model; needed' };

interface MergeFlags {
  readonly model?: string;
  readonly revision?: string;
  readonly adapter?: string;
  readonly dtype?: WeightDType | 'auto';
  readonly output?: string;
  readonly json?: boolean;
}

const EXAMPLES = [
  ['kvasir merge-adapter -m ./gpt2 --adapter ./poems -o ./gpt2-poems', 'A model that needs no adapter any more.'],
  ['kvasir merge-adapter -m ./qwen2 --adapter ./sql -o ./qwen2-sql --dtype float32 --json', 'In another width.'],
] as const;

const NOTES =
  "The weights are W + scale · B·A in float32, rounded once to --dtype; auto keeps the width of the model's embedding.\n" +
  'The tokenizer and the settings of the model are copied. With --json: { output, dtype, seconds }.';

/** `kvasir merge-adapter`: a model and an adapter as one Hugging Face folder. */
export function addMergeAdapterCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('merge-adapter')
    .description('Write a model with an adapter merged into its weights, and print the folder.');
  addFlags(command, 'Model:', [MODEL, REVISION, ADAPTER, FLOAT_DTYPE]);
  addFlags(command, 'Output:', [OUTPUT, ...OUTPUT_FLAGS]);
  command.addHelpText('after', helpEnd(EXAMPLES, NOTES));
  command.action((flags: MergeFlags) => mergeAdapter(terminal, flags));
}

async function mergeAdapter(terminal: Terminal, flags: MergeFlags): Promise<void> {
  const { model, adapter, output, json = false } = flags;
  if (model === undefined || adapter === undefined || output === undefined)
    throw new UsageError('Cannot merge an adapter: --model, --adapter and --output are all needed');
  await expectNothingAt(output);
  const start = performance.now();
  const dtype = await terminal.interruptible(async (signal) => {
    const folder = await findModel(terminal, model, flags, signal);
    return writeFloats(terminal, { folder, output, json, signal }, async (backend, options) => {
      const merged = await loadMergedModel(backend, folder, { mergeAdapter: adapter, dtype: flags.dtype, ...options });
      return { model: merged, dtype: widthOf(merged) };
    });
  });
  const seconds = (performance.now() - start) / 1000;
  if (json) return terminal.writeJson({ output, dtype, seconds });
  terminal.write(`${output}\n`);
  terminal.note(`merged in ${formatSeconds(1000 * seconds)}, ${dtype}`);
}

/** The width of what is merged is that of the model's embedding. */
function widthOf({ parameters }: LanguageModel): WeightDType {
  const { format } = parameters.weight('tokenEmbedding.weight');
  return typeof format === 'string' ? format : 'float32';
}
