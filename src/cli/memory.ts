import type { Command } from 'commander';
import { platform } from '#platform';
import { type CacheDType, type MatrixFormat, matrixDType } from '../backend/dtype.ts';
import { numElements } from '../base/shape.ts';
import type { Device } from '../create-backend.ts';
import { type CacheFormula, estimateMemory, type MemoryEstimate } from '../llm/estimate-memory.ts';
import {
  describeLanguageModel,
  type LanguageModelDescription,
  languageModelParameters,
} from '../models/language-model.ts';
import type { LoadedDType } from '../models/load-matrix.ts';
import { type MatrixFormats, readMatrixFormats } from '../models/matrix-formats.ts';
import { modelPreset, PRESET_NAMES } from '../models/presets.ts';
import type { QuantizationName } from '../quantized/quantization-scheme.ts';
import { UsageError } from './exit-codes.ts';
import { findModel } from './find-model.ts';
import { wholeNumber } from './flag-values.ts';
import { addFlags, type Flag, OUTPUT_FLAGS } from './flags.ts';
import { formatBytes, formatCount, formatTable } from './format.ts';
import { helpEnd } from './help-text.ts';
import { CACHE_DTYPE, DEVICE, DTYPE, REVISION, THREADS } from './model-flags.ts';
import { hasWeights } from './open-weights-if-any.ts';
import type { Terminal } from './terminal.ts';
import {
  expectTrainingFlags,
  printTrainingMemory,
  TRAINING_MEMORY_FLAGS,
  type TrainingMemoryFlags,
} from './training-memory.ts';

interface MemoryFlags extends TrainingMemoryFlags {
  readonly model?: string;
  readonly revision?: string;
  readonly allPresets?: boolean;
  readonly batch?: number;
  readonly context?: number;
  readonly generate?: number;
  readonly dtype?: LoadedDType;
  readonly cacheDtype?: CacheDType;
  readonly device?: Device;
  readonly threads?: number;
  readonly json?: boolean;
}

const PRESETS = PRESET_NAMES.join(', ');

const MEMORY_FLAGS: readonly Flag[] = [
  { flags: '-m, --model <name>', description: `a preset (${PRESETS}), a folder (./gpt2), or a hub id` },
  REVISION,
  { flags: '--all-presets', description: 'a table of all presets' },
  { flags: '-b, --batch <count>', description: 'sequences at once (1)', parse: wholeNumber(1) },
  {
    flags: '-c, --context <tokens>',
    description:
      "tokens of each prompt; unless given, all of the model's longest sequence, or of a source at most 1024",
    parse: wholeNumber(1),
  },
  {
    flags: '-g, --generate <tokens>',
    description: 'tokens generated after each prompt (0), or of each target (the longest, but at most 512)',
    parse: wholeNumber(0),
  },
  { ...DTYPE, description: `${DTYPE.description}; a preset's own is float32` },
  CACHE_DTYPE,
  DEVICE,
  { ...THREADS, description: 'threads that compute; the processors unless given' },
];

const EXAMPLES = [
  ['kvasir memory gpt2', 'Weights, cache and workspace of GPT-2, and the formula of the cache.'],
  ['kvasir memory -m gpt2-xl --batch 8 --context 1000 --generate 24 --dtype bfloat16', 'The same for a given load.'],
  ['kvasir memory ./my-model --json', 'A model of your own: only config.json is needed.'],
  ['kvasir memory ./opus-mt -c 40 -g 60 -b 32', 'With an encoder: 32 sources of 40 tokens, and their targets of 60.'],
  ['kvasir memory --all-presets', 'The whole GPT family.'],
  ['kvasir memory gpt2 --training --batch 4 --context 256 --recompute', 'What a step of its training takes.'],
  ['kvasir memory gpt2 --training --context 256 --lora-rank 8', 'The same for an adapter.'],
] as const;

const JSON_NOTE =
  'With --json: { model, device, dtype, cacheDType, numParameters, weightBytes, kvCacheBytes, workspaceBytes, totalBytes, formula },\n' +
  'and with an encoder sourceCacheBytes, which are of kvCacheBytes;\n' +
  'with --all-presets a list of them. With --training: { model, device, dtype, numParameters, batchSize, contextLength,\n' +
  'optimizer, recompute, loraRank, weightBytes, trainedBytes, gradientBytes, optimizerBytes, workspaceBytes, totalBytes }.';

/** `kvasir memory`: what a model needs, without loading it. */
export function addMemoryCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('memory')
    .description('Compute the memory that a model, or its training, needs, without loading it.')
    .argument('[model]', 'as --model');
  addFlags(command, 'Model and load:', MEMORY_FLAGS);
  addFlags(command, 'Training:', TRAINING_MEMORY_FLAGS);
  addFlags(command, 'Output:', OUTPUT_FLAGS);
  command.addHelpText('after', helpEnd(EXAMPLES, JSON_NOTE));
  command.action((name: string | undefined, flags: MemoryFlags) => memory(terminal, name, flags));
}

async function memory(terminal: Terminal, name: string | undefined, flags: MemoryFlags): Promise<void> {
  const model = chooseModel(name, flags);
  expectTrainingFlags(flags);
  if (model === undefined) {
    const reports = PRESET_NAMES.map((preset) => toReport(presetSubject(preset), flags));
    return flags.json ? terminal.writeJson(reports) : terminal.write(presetTable(reports));
  }
  const subject = PRESET_NAMES.includes(model)
    ? presetSubject(model)
    : await terminal.interruptible((signal) => folderSubject(terminal, model, flags, signal));
  if (flags.training) return printTrainingMemory(terminal, { ...subject, ...machineOf(subject, flags) }, flags);
  const report = toReport(subject, flags);
  if (flags.json) terminal.writeJson(report);
  else terminal.write(reportText(terminal, report));
}

/** undefined for all presets. */
function chooseModel(name: string | undefined, { model = name, allPresets = false }: MemoryFlags): string | undefined {
  const numGiven = [name, model === name ? undefined : model, allPresets || undefined].filter(Boolean).length;
  if (numGiven > 1) throw new UsageError('Cannot compute memory: several models are given, wanted one');
  if (numGiven === 1) return model;
  throw new UsageError(`Cannot compute memory: no model is given; presets: ${PRESETS}`);
}

/** What is to be estimated, and what its weights are. */
interface Subject {
  readonly model: string;
  readonly description: LanguageModelDescription;
  /** Of most weights, if no `--dtype` is given. */
  readonly format: MatrixFormat;
  /** Of each matrix of a file. */
  readonly formats?: MatrixFormats | undefined;
}

function presetSubject(model: string): Subject {
  return { model, description: modelPreset(model), format: 'float32' };
}

async function folderSubject(
  terminal: Terminal,
  model: string,
  flags: MemoryFlags,
  signal: AbortSignal,
): Promise<Subject> {
  const folder = await findModel(terminal, model, flags, signal);
  const description = await describeLanguageModel(folder);
  if (!(await hasWeights(folder))) return { model, description, format: 'float32' };
  const formats = await readMatrixFormats(folder, { dtype: flags.dtype, signal });
  return { model, description, format: mostCommon(formats, description), formats };
}

/** What most weights are. */
function mostCommon(formats: MatrixFormats, { config }: LanguageModelDescription): MatrixFormat {
  const counts = new Map<string, number>();
  for (const { path, shape } of languageModelParameters(config)) {
    const format = formats.get(path);
    if (format !== undefined) counts.set(nameOf(format), (counts.get(nameOf(format)) ?? 0) + numElements(shape));
  }
  const count = (format: MatrixFormat) => counts.get(nameOf(format))!;
  return [...formats.values()].reduce((most, format) => (count(format) > count(most) ? format : most));
}

interface Report extends MemoryEstimate {
  readonly model: string;
  readonly device: Device;
  readonly dtype: string;
  readonly cacheDType: CacheDType;
}

function toReport(subject: Subject, flags: MemoryFlags): Report {
  const { batch, context: contextTokens, generate: generationTokens, cacheDtype: cacheDType = 'float32' } = flags;
  const { device, format, threads } = machineOf(subject, flags);
  const { formats } = subject;
  const load = { device, dtype: format, formats, cacheDType, batch, contextTokens, generationTokens, threads };
  const estimate = estimateMemory(subject.description.config, load);
  return { model: subject.model, device, dtype: nameOf(format), cacheDType, ...estimate };
}

function machineOf(subject: Subject, { device = 'wasm', dtype = 'auto', threads }: MemoryFlags) {
  return {
    device,
    format: dtype === 'auto' ? subject.format : dtype,
    threads: threads ?? (device === 'wasm' ? platform.availableParallelism : 1),
  };
}

function nameOf(format: MatrixFormat | QuantizationName): string {
  return typeof format === 'string' ? format : matrixDType(format);
}

function reportText(terminal: Terminal, report: Report): string {
  const { bold } = terminal.colors;
  const rows = [
    [`Weights (${report.dtype})`, formatBytes(report.weightBytes)],
    ...cacheRows(report),
    ['Workspace', formatBytes(report.workspaceBytes)],
    ['Total', formatBytes(report.totalBytes)],
  ];
  const title = `${bold(report.model)}: ${formatCount(report.numParameters)} parameters`;
  return `${title}\n\n${formulaText(report.formula)}\n${formatTable(rows, [1])}`;
}

function cacheRows({ cacheDType, kvCacheBytes, sourceCacheBytes }: Report): string[][] {
  if (sourceCacheBytes === undefined) return [[`KV cache (${cacheDType})`, formatBytes(kvCacheBytes)]];
  return [
    [`KV cache of sources (${cacheDType})`, formatBytes(sourceCacheBytes)],
    [`KV cache of targets (${cacheDType})`, formatBytes(kvCacheBytes - sourceCacheBytes)],
  ];
}

function formulaText({ numLayers, batch, kvHeads, headSize, tokens, bytesPerElement, bytes }: CacheFormula): string {
  const factors = [2, numLayers, batch, kvHeads, headSize, tokens, bytesPerElement];
  return [
    'KV cache = 2 × layers × batch × kv heads × head size × tokens × bytes',
    `         = ${factors.map(formatCount).join(' × ')}`,
    `         = ${formatCount(bytes)} bytes`,
    '',
  ].join('\n');
}

function presetTable(reports: readonly Report[]): string {
  const rows = reports.map((report) => [
    report.model,
    formatCount(report.numParameters),
    formatBytes(report.weightBytes),
    formatCount(report.formula.tokens * report.formula.batch),
    formatBytes(report.kvCacheBytes),
    formatBytes(report.workspaceBytes),
    formatBytes(report.totalBytes),
  ]);
  const head = ['preset', 'parameters', `weights (${reports[0]!.dtype})`, 'tokens', 'KV cache', 'workspace', 'total'];
  return formatTable([head, ...rows], [1, 2, 3, 4, 5, 6]);
}
