import type { Command } from 'commander';
import { QUANTIZATION_METHODS } from '../quantization/quantize-options.ts';
import { QUANTIZATION_NAMES } from '../quantized/quantization-scheme.ts';
import { UsageError } from './exit-codes.ts';
import { findModel } from './find-model.ts';
import { collect, decimal, oneOf, settings, wholeNumber } from './flag-values.ts';
import { addFlags, type Flag, OUTPUT_FLAGS } from './flags.ts';
import { formatBytes, formatSeconds } from './format.ts';
import { helpEnd } from './help-text.ts';
import { DEVICE, REVISION, THREADS } from './model-flags.ts';
import type { Terminal } from './terminal.ts';
import { type QuantizeFlags, writeQuantized } from './write-quantized.ts';
import { expectNothingAt } from './write-whole.ts';

const QUANTIZE_FLAGS: readonly Flag[] = [
  {
    flags: '--scheme <name>',
    description: `of the matrices of all blocks: ${QUANTIZATION_NAMES.join(', ')}; int8 and int4 have groups of 32`,
    parse: oneOf(QUANTIZATION_NAMES),
  },
  {
    flags: '--method <name>',
    description:
      'nearest (or rtn), search (the scale of the least squared error), gptq or awq, which keep what the layers give for the calibration texts; gptq unless given, search without calibration',
    parse: oneOf([...QUANTIZATION_METHODS, 'rtn']),
  },
  {
    flags: '--calibration <file>',
    description: 'text, JSON lines (.jsonl) or pairs (.tsv) like what the model is for; may be repeated',
    parse: collect,
  },
  { flags: '--separator <text>', description: 'what stands between documents of a text file, such as "<|endoftext|>"' },
  {
    flags: '--calibration-tokens <count>',
    description: 'of each file, from its beginning (16384)',
    parse: wholeNumber(1),
  },
  {
    flags: '--override <settings>',
    description:
      'other schemes by path, as layers.0.mlp.*=int8,head=int8,layers.1.*=keep; embeddings and the output projection are kept unless named',
    parse: settings,
  },
  {
    flags: '--damping <share>',
    description: "of the mean of the Hessian's diagonal, added to it (gptq; 0.01)",
    parse: decimal,
  },
  {
    flags: '--no-activation-order',
    description: 'columns from the first to the last, not by how much they matter (gptq)',
  },
];

const OUTPUT: Flag = {
  flags: '-o, --output <path>',
  description: 'a new folder in GPTQ’s layout, or a new .gguf file (int8, int4, int4-zero-point); needed',
};

const EXAMPLES = [
  ['kvasir quantize ./gpt2 --scheme int4 --calibration book.txt -o ./gpt2-int4', 'By GPTQ, as a Hugging Face folder.'],
  [
    'kvasir quantize ./llama --scheme int4 --method awq --calibration chats.jsonl -o llama-q4_0.gguf',
    'By AWQ, as a GGUF file of Q4_0 for llama.cpp too.',
  ],
  [
    'kvasir quantize ./gpt2 --scheme int8 --method rtn --override "layers.0.*=keep" -o ./gpt2-int8 --json',
    'To the nearest, but for the first block.',
  ],
] as const;

const NOTES = `The output loads to the codes that were computed. In a folder, what is not quantised is float16; in a GGUF file it is Q8_0, and
float16 where rows are no whole blocks of 32. A model with an encoder becomes a folder, by nearest or search. kvasir evaluate --against
says what it costs; kvasir dequantize writes floats again, for programs that do not read GPTQ's layout.
With --json: { output, scheme, method, calibrationTokens, numMatrices, byteLength, seconds }.`;

/** `kvasir quantize`: a model in fewer bits. */
export function addQuantizeCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('quantize')
    .description('Write a model with weights of 8 or 4 bits, and print where it is.')
    .argument('<model>', 'a Hugging Face folder, a hub id or a bundled model');
  addFlags(command, 'Quantisation:', QUANTIZE_FLAGS);
  addFlags(command, 'Model:', [REVISION, DEVICE, THREADS]);
  addFlags(command, 'Output:', [OUTPUT, ...OUTPUT_FLAGS]);
  command.addHelpText('after', helpEnd(EXAMPLES, NOTES));
  command.action((model: string, flags: QuantizeFlags) => quantize(terminal, model, flags));
}

async function quantize(terminal: Terminal, model: string, flags: QuantizeFlags): Promise<void> {
  const { output, scheme, json = false } = flags;
  if (output === undefined || scheme === undefined)
    throw new UsageError('Cannot quantise: --scheme and --output are both needed');
  await expectNothingAt(output, 'folder or file');
  const start = performance.now();
  const report = await terminal.interruptible(async (signal) => {
    const folder = await findModel(terminal, model, flags, signal);
    return writeQuantized(terminal, folder, { ...flags, output, scheme }, signal);
  });
  const seconds = (performance.now() - start) / 1000;
  if (json) return terminal.writeJson({ output, scheme, ...report, seconds });
  terminal.write(`${output}\n`);
  const { method, numMatrices, byteLength } = report;
  terminal.note(
    `${numMatrices} matrices to ${scheme} by ${method} in ${formatSeconds(1000 * seconds)}, ${formatBytes(byteLength)}`,
  );
}
