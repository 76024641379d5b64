import { WEIGHT_DTYPES, type WeightDType } from '../backend/dtype.ts';
import { boolean, number, type OptionReader, oneOf, text, wholeNumber } from '../config/option-readers.ts';
import { type ReadValues, readOptions } from '../config/read-options.ts';
import { chooseNumBatches } from './evaluate-loss.ts';
import type { Schedule } from './learning-rate.ts';
import type { OptimizerSettings } from './optimizer.ts';
import type { TrainerOptions } from './trainer-options.ts';
import type { TrainingData } from './training-data.ts';
import type { StepSettings } from './training-step.ts';

/** The options of a trainer, checked, with every default filled in. */
export interface TrainerSettings {
  readonly model: TrainerOptions['model'];
  readonly data: TrainingData;
  readonly maxSteps: number;
  readonly step: StepSettings;
  readonly recompute: boolean;
  readonly isTrained: ((path: string) => boolean) | undefined;
  readonly evaluation: EvaluationSettings | undefined;
  readonly checkpoints: CheckpointSettings | undefined;
  readonly resume: string | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface EvaluationSettings {
  readonly data: TrainingData;
  readonly every: number;
  readonly numBatches: number;
  readonly numBytes: number | undefined;
  readonly patience: number | undefined;
  readonly minDelta: number;
}

export interface CheckpointSettings {
  readonly folder: string;
  readonly every: number | undefined;
  readonly keepLast: number;
  readonly keepBest: boolean;
  readonly dtype: WeightDType;
  readonly baseFolder: string | undefined;
}

const SOURCE = 'training options';
const notNegative = number((value) => value >= 0, '0 or more');
const aboveNone = number((value) => value > 0, 'above 0');
const share = number((value) => value >= 0 && value <= 1, 'from 0 to 1');
const shareBelowAll = number((value) => value >= 0 && value < 1, 'from 0 to below 1');
const passed: OptionReader<unknown> = (value) => value;

const READERS = {
  model: trainable,
  data: source,
  maxSteps: wholeNumber(1),
  epochs: aboveNone,
  learningRate: aboveNone,
  schedule: nested(SOURCE, 'schedule', {
    kind: oneOf('constant', 'linear', 'cosine', 'inverseSquareRoot'),
    warmupSteps: wholeNumber(0),
    minRatio: share,
    numSteps: wholeNumber(1),
  }),
  optimizer: passed,
  gradientAccumulation: wholeNumber(1),
  clipNorm: (value, describe) => (value === 'none' ? value : aboveNone(value, describe)),
  dropout: shareBelowAll,
  labelSmoothing: share,
  zLoss: notNegative,
  recompute: boolean,
  isTrained: passed,
  evaluation: nested(SOURCE, 'evaluation', {
    data: source,
    every: wholeNumber(1),
    numBatches: wholeNumber(1),
    numBytes: wholeNumber(1),
    patience: wholeNumber(1),
    minDelta: notNegative,
  }),
  checkpoints: nested(SOURCE, 'checkpoints', {
    folder: text,
    every: wholeNumber(1),
    keepLast: wholeNumber(1),
    keepBest: boolean,
    dtype: oneOf(...WEIGHT_DTYPES),
    baseFolder: text,
  }),
  resume: text,
  seed: wholeNumber(0),
  signal: passed,
} as const satisfies Readonly<Record<keyof TrainerOptions, OptionReader<unknown>>>;

type Given = ReadValues<typeof READERS>;

/**
 * Throws a `TypeError` for unknown and missing options and wrong types, and a `RangeError` for values that cannot be or cannot
 * go together.
 */
export function readTrainerOptions(options: TrainerOptions): TrainerSettings {
  const given = readOptions(options, READERS, SOURCE);
  const data = required(given.data, 'data');
  const gradientAccumulation = given.gradientAccumulation ?? 1;
  const maxSteps = chooseMaxSteps(given, data, gradientAccumulation);
  const model = required(given.model, 'model');
  if ('trained' in model && options.isTrained !== undefined)
    refuse('isTrained is given, but the model is a target that says itself what is trained');
  if ('trained' in model && given.checkpoints?.baseFolder !== undefined)
    refuse('checkpoints.baseFolder is given, but the model is a target that says itself how it is saved');
  return {
    model,
    data,
    maxSteps,
    step: {
      seed: given.seed ?? 0,
      learningRate: required(given.learningRate, 'learningRate'),
      schedule: chooseSchedule(given.schedule ?? { kind: 'constant' }, maxSteps),
      optimizer: chooseOptimizer(options.optimizer ?? { kind: 'adamw' }),
      gradientAccumulation,
      clipNorm: given.clipNorm ?? 1,
      dropout: given.dropout ?? 0,
      labelSmoothing: given.labelSmoothing ?? 0,
      zLoss: given.zLoss ?? 0,
    },
    recompute: given.recompute ?? false,
    isTrained: options.isTrained,
    evaluation: chooseEvaluation(given),
    checkpoints: chooseCheckpoints(given),
    resume: given.resume,
    signal: options.signal,
  };
}

function chooseMaxSteps({ maxSteps, epochs }: Given, data: TrainingData, gradientAccumulation: number): number {
  if (maxSteps !== undefined && epochs !== undefined) refuse('maxSteps and epochs are both given, wanted one of them');
  if (maxSteps !== undefined) return maxSteps;
  if (epochs === undefined) return refuse('neither maxSteps nor epochs is given');
  if (data.batchesPerEpoch === undefined)
    return refuse('epochs is given, but the data do not say how long one is; give maxSteps');
  return Math.max(1, Math.round((epochs * data.batchesPerEpoch) / gradientAccumulation));
}

function chooseSchedule(given: NonNullable<Given['schedule']>, maxSteps: number): Schedule {
  const { warmupSteps = 0, minRatio, numSteps } = given;
  const kind = required(given.kind, 'schedule.kind');
  if (numSteps !== undefined && kind !== 'linear' && kind !== 'cosine')
    refuse(`schedule.numSteps is ${numSteps}, but a schedule of kind ${kind} has no end`);
  if (kind === 'constant') {
    if (minRatio !== undefined) refuse(`schedule.minRatio is ${minRatio}, but a constant schedule does not fall`);
    return { kind, warmupSteps };
  }
  if (kind === 'inverseSquareRoot') return { kind, warmupSteps, minRatio: minRatio ?? 0 };
  const end = numSteps ?? maxSteps;
  if (warmupSteps >= end) refuse(`schedule.warmupSteps is ${warmupSteps}, wanted less than all ${end} steps`);
  return { kind, warmupSteps, minRatio: minRatio ?? 0, numSteps: end };
}

const OPTIMIZERS = {
  adamw: {
    kind: oneOf('adamw', 'sgd'),
    beta1: shareBelowAll,
    beta2: shareBelowAll,
    epsilon: aboveNone,
    weightDecay: notNegative,
  },
  sgd: { kind: oneOf('adamw', 'sgd'), momentum: shareBelowAll, weightDecay: notNegative },
} as const;

function chooseOptimizer(options: NonNullable<TrainerOptions['optimizer']>): OptimizerSettings {
  const source = `${SOURCE}, optimizer`;
  if (options?.kind === 'sgd') {
    const { momentum = 0.9, weightDecay = 0 } = readOptions(options, OPTIMIZERS.sgd, source);
    return { kind: 'sgd', momentum, weightDecay };
  }
  const given = readOptions(options, OPTIMIZERS.adamw, source);
  required(given.kind, 'optimizer.kind');
  const { beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8, weightDecay = 0.1 } = given;
  return { kind: 'adamw', beta1, beta2, epsilon, weightDecay };
}

function chooseEvaluation({ evaluation }: Given): EvaluationSettings | undefined {
  if (evaluation === undefined) return undefined;
  const { numBytes, patience, minDelta = 0 } = evaluation;
  const data = required(evaluation.data, 'evaluation.data');
  const every = required(evaluation.every, 'evaluation.every');
  return { data, every, numBatches: chooseNumBatches(data, evaluation), numBytes, patience, minDelta };
}

function chooseCheckpoints({ checkpoints }: Given): CheckpointSettings | undefined {
  if (checkpoints === undefined) return undefined;
  const { every, keepLast = 2, keepBest = true, dtype = 'float32', baseFolder } = checkpoints;
  return { folder: required(checkpoints.folder, 'checkpoints.folder'), every, keepLast, keepBest, dtype, baseFolder };
}

function nested<const Readers extends Readonly<Record<string, OptionReader<unknown>>>>(
  source: string,
  name: string,
  readers: Readers,
): OptionReader<ReadValues<Readers>> {
  return (value) => readOptions(value, readers, `${source}, ${name}`);
}

function trainable(value: unknown, describe: (value: unknown) => string): TrainerOptions['model'] {
  const isModel = typeof value === 'object' && value !== null && ('transformer' in value || 'trained' in value);
  if (isModel) return value as TrainerOptions['model'];
  throw new TypeError(`${describe(value)}, but it must be a CausalLM or a TrainingTarget`);
}

/** Data are not ours to copy: they are passed on as they are. */
function source(value: unknown, describe: (value: unknown) => string): TrainingData {
  if (typeof (value as TrainingData | null)?.batch === 'function') return value as TrainingData;
  throw new TypeError(`${describe(value)}, but it must have a method batch`);
}

function required<Value>(value: Value | undefined, name: string): Value {
  if (value !== undefined) return value;
  throw new TypeError(`Cannot read ${SOURCE}: ${name} is missing`);
}

function refuse(problem: string): never {
  throw new RangeError(`Cannot read ${SOURCE}: ${problem}`);
}
