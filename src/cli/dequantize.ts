import type { Command } from 'commander';
import { platform } from '#platform';
import { WEIGHT_DTYPES, type WeightDType } from '../backend/dtype.ts';
import { isGgufModel } from '../formats/gguf/open-gguf.ts';
import { loadLanguageModel } from '../models/language-model.ts';
import { UsageError } from './exit-codes.ts';
import { findModel } from './find-model.ts';
import { oneOf } from './flag-values.ts';
import { addFlags, type Flag, OUTPUT_FLAGS } from './flags.ts';
import { formatBytes, formatSeconds } from './format.ts';
import { helpEnd } from './help-text.ts';
import { REVISION } from './model-flags.ts';
import type { Terminal } from './terminal.ts';
import { writeFloats } from './write-floats.ts';
import { expectNothingAt } from './write-whole.ts';

const DTYPE: Flag = {
  flags: '--dtype <name>',
  description: `width of the weights in the file: ${WEIGHT_DTYPES.join(', ')}; float32, which rounds nothing, unless given`,
  parse: oneOf(WEIGHT_DTYPES),
};

const OUTPUT: Flag = { flags: '-o, --output <folder>', description: 'a new folder for the model; needed' };

interface DequantizeFlags {
  readonly dtype?: WeightDType;
  readonly revision?: string;
  readonly output?: string;
  readonly json?: boolean;
}

const EXAMPLES = [
  ['kvasir dequantize stories --dtype float16 -o ./stories', 'A bundled model, as Hugging Face Transformers reads it.'],
  ['kvasir dequantize ./llama-awq -o ./llama --json', 'The numbers that the codes stand for, to the bit.'],
] as const;

const NOTES =
  'Codes of GPTQ and AWQ become the numbers that they stand for, under the names of the architecture; weights of another width are\n' +
  'rounded to --dtype. The tokenizer and the settings of the model are copied. With --json: { output, dtype, byteLength, seconds }.';

/** `kvasir dequantize`: a model whose weights are floats, of one in codes. */
export function addDequantizeCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('dequantize')
    .description('Write a model whose weights are codes with floats again, for any program, and print the folder.')
    .argument('<model>', 'a Hugging Face folder, a hub id or a bundled model');
  addFlags(command, 'Model:', [REVISION, DTYPE]);
  addFlags(command, 'Output:', [OUTPUT, ...OUTPUT_FLAGS]);
  command.addHelpText('after', helpEnd(EXAMPLES, NOTES));
  command.action((model: string, flags: DequantizeFlags) => dequantize(terminal, model, flags));
}

async function dequantize(terminal: Terminal, model: string, flags: DequantizeFlags): Promise<void> {
  const { output, dtype = 'float32', json = false } = flags;
  if (output === undefined) throw new UsageError('Cannot dequantise: no folder is given; name one with --output');
  await expectNothingAt(output);
  const start = performance.now();
  await terminal.interruptible(async (signal) => {
    const folder = await findModel(terminal, model, flags, signal);
    await refuseGguf(folder);
    await writeFloats(terminal, { folder, output, json, signal }, async (backend, options) => ({
      model: await loadLanguageModel(backend, folder, { dtype, ...options }),
      dtype,
    }));
  });
  const byteLength = (await platform.fileStatus(platform.join(output, 'model.safetensors')))?.size ?? 0;
  const seconds = (performance.now() - start) / 1000;
  if (json) return terminal.writeJson({ output, dtype, byteLength, seconds });
  terminal.write(`${output}\n`);
  terminal.note(`written in ${formatSeconds(1000 * seconds)}, ${dtype}, ${formatBytes(byteLength)}`);
}

async function refuseGguf(folder: string): Promise<void> {
  if (await isGgufModel(folder))
    throw new Error(`Cannot dequantise ${folder}: it is GGUF, whose tokenizer has no form in a folder`);
}
