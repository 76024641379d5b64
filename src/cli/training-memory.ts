import type { AdapterTargets } from '../adapters/adapter-config.ts';
import { type MatrixFormat, WEIGHT_DTYPES, type WeightDType } from '../backend/dtype.ts';
import { type Device, memoryLayout } from '../create-backend.ts';
import { hasEncoder, type LanguageModelDescription, languageModelParameters } from '../models/language-model.ts';
import { countParameters } from '../models/parameter-spec.ts';
import type { QuantizationName } from '../quantized/quantization-scheme.ts';
import { type MeasuredTraining, measureTraining } from '../training/measure-training.ts';
import { UsageError } from './exit-codes.ts';
import { oneOf, wholeNumber } from './flag-values.ts';
import { type Flag, longNameOf, valuesOf } from './flags.ts';
import { formatBytes, formatCount, formatTable } from './format.ts';
import type { Terminal } from './terminal.ts';

import { splitTargets, targetsOf } from './training/lora-targets.ts';

/** What the flags below parse to, and those of `kvasir memory` that they change the meaning of. */
export interface TrainingMemoryFlags {
  readonly training?: boolean;
  readonly optimizer?: 'adamw' | 'sgd';
  readonly recompute?: boolean;
  readonly dropout?: boolean;
  readonly loraRank?: number;
  readonly loraTargets?: AdapterTargets;
  readonly batch?: number;
  readonly context?: number;
  readonly generate?: number;
  readonly allPresets?: boolean;
  readonly json?: boolean;
}

const DETAILS: readonly Flag[] = [
  { flags: '--optimizer <kind>', description: 'adamw (unless given) or sgd', parse: oneOf(['adamw', 'sgd']) },
  { flags: '--recompute', description: 'compute the activations of each block again instead of keeping them' },
  { flags: '--dropout', description: 'with dropout, which keeps what it drops from' },
  {
    flags: '--lora-rank <rank>',
    description: 'of an adapter of this rank; the model stays as it is',
    parse: wholeNumber(1),
  },
  { flags: '--lora-targets <names>', description: 'linear layers that it changes (all-linear)', parse: readTargets },
];

function readTargets(text: string): AdapterTargets {
  return targetsOf(splitTargets(text));
}

export const TRAINING_MEMORY_FLAGS: readonly Flag[] = [
  {
    flags: '--training',
    description: 'of a step of training: --batch rows of --context tokens, with an encoder half of them of sources',
  },
  ...DETAILS,
];

/** A model, and what it would be trained on. */
export interface TrainingSubject {
  readonly model: string;
  readonly description: LanguageModelDescription;
  readonly device: Device;
  readonly format: MatrixFormat | QuantizationName;
  readonly threads: number;
}

/** Throws a `UsageError` for flags that do not go with a training, and for those that go with nothing else. */
export function expectTrainingFlags(flags: TrainingMemoryFlags): void {
  const { training = false, generate, allPresets = false } = flags;
  const refuse = (problem: string) => {
    throw new UsageError(`Cannot compute memory: ${problem}`);
  };
  const detail = DETAILS.find((flag) => Object.keys(valuesOf([flag], flags)).length > 0);
  if (!training && detail !== undefined) refuse(`${longNameOf(detail)} is given, but --training is not`);
  if (training && generate !== undefined) refuse('--generate is given, but --training generates nothing');
  if (flags.loraTargets !== undefined && flags.loraRank === undefined)
    refuse('--lora-targets is given, but --lora-rank is not');
  if (training && allPresets) refuse('--training is of one model, but --all-presets is given');
}

interface Report extends MeasuredTraining {
  readonly model: string;
  readonly device: Device;
  readonly dtype: WeightDType;
  readonly numParameters: number;
  readonly batchSize: number;
  readonly contextLength: number;
  readonly optimizer: 'adamw' | 'sgd';
  readonly recompute: boolean;
  /** Of the adapter that is trained, if one is. */
  readonly loraRank: number | undefined;
}

/** Prints what a step of a training takes, as a table or as JSON. */
export function printTrainingMemory(terminal: Terminal, subject: TrainingSubject, flags: TrainingMemoryFlags): void {
  const report = toReport(subject, flags);
  if (flags.json) terminal.writeJson(report);
  else terminal.write(reportText(terminal, report, hasEncoder(subject.description.config)));
}

function toReport(
  { model, description, device, format, threads }: TrainingSubject,
  flags: TrainingMemoryFlags,
): Report {
  const { config } = description;
  const { batch: batchSize = 1, context: contextLength = config.maxPositions } = flags;
  const { optimizer = 'adamw', recompute = false, dropout: hasDropout = false } = flags;
  const { loraRank, loraTargets: targets = 'all-linear' } = flags;
  // Codes of a file are widened where all weights are trained, as kvasir finetune does.
  const isWidened = typeof format === 'object' && loraRank === undefined;
  const dtype = isWidened ? 'float32' : WEIGHT_DTYPES.find((known) => known === format);
  if (dtype === undefined)
    throw new UsageError(
      `Cannot compute memory: weights are codes, but those that are trained are ${WEIGHT_DTYPES.join(', ')}; give --dtype`,
    );
  if (contextLength > config.maxPositions)
    throw new RangeError(
      `Cannot estimate memory: ${contextLength} tokens, but the model takes at most ${config.maxPositions}`,
    );
  const measured = measureTraining(description, memoryLayout(device, threads), {
    ...{ dtype, batchSize, contextLength, optimizer, recompute, hasDropout },
    isTrained: () => true,
    lora: loraRank === undefined ? undefined : { rank: loraRank, targets, hasDropout },
  });
  const numParameters = countParameters(languageModelParameters(config));
  return {
    ...{ model, device, dtype, numParameters, batchSize, contextLength, optimizer, recompute, loraRank },
    ...measured,
  };
}

function reportText(terminal: Terminal, report: Report, isOfPairs: boolean): string {
  const { model, dtype, batchSize, contextLength, optimizer } = report;
  const rows = [
    [`Weights (${dtype})`, formatBytes(report.weightBytes)],
    ['Trained values (float32)', formatBytes(report.trainedBytes)],
    ['Gradients (float32)', formatBytes(report.gradientBytes)],
    [`Optimizer (${optimizer})`, formatBytes(report.optimizerBytes)],
    [`Activations${report.recompute ? ', some computed again' : ''}`, formatBytes(report.workspaceBytes)],
    ['Total', formatBytes(report.totalBytes)],
  ];
  const title = `${terminal.colors.bold(model)}: ${formatCount(report.numParameters)} parameters`;
  const sides = isOfPairs ? ', sources and targets together' : '';
  const work = `A step of ${formatCount(batchSize)} × ${formatCount(contextLength)} tokens${sides}`;
  return `${title}\n\n${work}\n\n${formatTable(rows, [1])}`;
}
