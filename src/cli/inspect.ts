import type { Command } from 'commander';
import { platform } from '#platform';
import { UsageError } from './exit-codes.ts';
import { findModel } from './find-model.ts';
import { addFlags, type Flag, OUTPUT_FLAGS } from './flags.ts';
import { helpEnd } from './help-text.ts';
import { inspectFile, inspectFolder, type ModelFacts } from './inspect-model.ts';
import { inspectText } from './inspect-text.ts';
import { REVISION } from './model-flags.ts';
import type { Terminal } from './terminal.ts';

const INSPECT_FLAGS: readonly Flag[] = [
  { flags: '-m, --model <location>', description: 'a folder, a .safetensors or .gguf file, or a hub id' },
  REVISION,
  {
    flags: '--tensors <pattern>',
    description: 'list only the tensors with this in their names, one by one; * stands for anything',
  },
];

interface InspectFlags {
  readonly model?: string;
  readonly revision?: string;
  readonly tensors?: string;
  readonly json?: boolean;
}

const EXAMPLES = [
  ['kvasir inspect ./gpt2', 'Configuration, weights, tokenizer and generation defaults of a folder.'],
  ['kvasir inspect ./gpt2/model.safetensors', 'The tensors of a single file.'],
  ['kvasir inspect ./gpt2 --tensors "h.0.*weight"', 'Some tensors, with dtype, shape and bytes.'],
  ['kvasir inspect ./gpt2 --json', 'All of it as JSON.'],
] as const;

const JSON_NOTE =
  'With --json: { model, architecture, config, numParameters, tokenizer, generation, weightBytes, dtypes, metadata,\n' +
  'tensors [{ name, dtype, shape, byteLength, location }] }; of a bare file without architecture, config, tokenizer and\n' +
  'generation.';

/** `kvasir inspect`: what a model consists of. */
export function addInspectCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('inspect')
    .description('Show what a model consists of: configuration, tensors, tokenizer, generation defaults.')
    .argument('[location]', 'as --model');
  addFlags(command, 'Model:', INSPECT_FLAGS);
  addFlags(command, 'Output:', OUTPUT_FLAGS);
  command.addHelpText('after', helpEnd(EXAMPLES, JSON_NOTE));
  command.action((location: string | undefined, flags: InspectFlags) => inspect(terminal, location, flags));
}

async function inspect(terminal: Terminal, argument: string | undefined, flags: InspectFlags): Promise<void> {
  const { model, tensors: pattern, json } = flags;
  if (argument !== undefined && model !== undefined)
    throw new UsageError('Cannot inspect: two models are given, wanted one');
  const location = model ?? argument;
  if (location === undefined) throw new UsageError('Cannot inspect: no model is given; give a folder or a file');
  const facts = await terminal.interruptible((signal) => readFacts(terminal, location, flags, signal));
  const shown = pattern === undefined ? facts : withTensors(facts, pattern);
  if (json) terminal.writeJson(toJson(shown));
  else terminal.write(inspectText(terminal.colors, shown, { isGrouped: pattern === undefined }));
}

async function readFacts(
  terminal: Terminal,
  location: string,
  flags: InspectFlags,
  signal: AbortSignal,
): Promise<ModelFacts> {
  if (await platform.isFile(location)) {
    if (location.endsWith('.safetensors')) return inspectFile(location, signal);
    if (!/\.gguf$/i.test(location))
      throw new UsageError(
        `Cannot inspect ${location}: it is a file, but not a .safetensors or .gguf file; wanted one, or a folder`,
      );
  }
  return inspectFolder(location, await findModel(terminal, location, flags, signal), signal);
}

function toJson({ weights, ...facts }: ModelFacts): object {
  if (weights === undefined) return facts;
  const { bytes: weightBytes, ...rest } = weights;
  return { ...facts, weightBytes, ...rest };
}

/** The facts with only the tensors whose names match; the sums stay those of all. */
function withTensors(facts: ModelFacts, pattern: string): ModelFacts {
  if (facts.weights === undefined) throw new Error(`Cannot list the tensors of ${facts.model}: it has no weights`);
  const escaped = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  const matcher = new RegExp(escaped.join('.*'));
  const tensors = facts.weights.tensors.filter(({ name }) => matcher.test(name));
  if (tensors.length === 0) throw new Error(`Cannot list the tensors of ${facts.model}: none matches ${pattern}`);
  return { ...facts, weights: { ...facts.weights, tensors } };
}
