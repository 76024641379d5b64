import { WEIGHT_DTYPES } from '../../backend/dtype.ts';
import { number, type OptionReader } from '../../config/option-readers.ts';
import { DEVICES } from '../../create-backend.ts';
import { type FlagNames, flagNames } from '../flag-names.ts';
import type { Flag, FlagGroup } from '../flags.ts';
import { dataParts } from './data-parts.ts';
import { splitTargets } from './lora-targets.ts';
import { boolean, choice, count, flagOf, list, rare, real, type Setting, string } from './setting.ts';

const aboveNone = number((value) => value > 0, 'above 0');
const notNegative = number((value) => value >= 0, '0 or more');
const share = number((value) => value >= 0 && value <= 1, 'from 0 to 1');
const shareBelowAll = number((value) => value >= 0 && value < 1, 'from 0 to below 1');
const numberOrNone: OptionReader<number | 'none'> = (value, describe) =>
  value === 'none' ? value : aboveNone(value, describe);

const DATA = {
  data: {
    flags: '-d, --data <file>',
    description:
      'text, JSON lines (.jsonl) or pairs (.tsv); may be repeated, and file=3 gives it a weight in a mixture by rows',
    read: dataParts,
    convert: (text: string) => text,
    isList: true,
  },
  targetData: string('--target-data <file>', 'the text whose lines are the targets of the lines of --data'),
  separator: string('--separator <text>', 'what stands between documents of a text file, such as "<|endoftext|>"'),
  validation: real(
    shareBelowAll,
    '--validation <share>',
    'share of the data, from its end, to measure on (0.1); 0 for none',
  ),
  validationData: {
    ...list('--validation-data <file>', 'data to measure on instead; may be repeated'),
    read: dataParts,
  },
  batches: choice(
    ['windows', 'documents'],
    '--batches <kind>',
    'windows at random places (for plain text), or documents that do not see each other (for all else)',
  ),
} as const satisfies Readonly<Record<string, Setting<unknown>>>;

const PAIRS = {
  leaveOutLongPairs: rare(
    boolean('--leave-out-long-pairs', 'train a model with an encoder without the pairs that are longer than a row'),
  ),
} as const satisfies Readonly<Record<string, Setting<unknown>>>;

const LANGUAGES = {
  from: string('--from <code>', 'language of the sources, as a model with an encoder spells it: en, eng_Latn'),
  to: string('--to <code>', 'language of the targets'),
} as const satisfies Readonly<Record<string, Setting<unknown>>>;

const TOKENIZER = {
  tokenizer: string('--tokenizer <folder>', 'one that is there; else one is trained on the data'),
  tokenizerKind: choice(['bpe', 'char'], '--tokenizer-kind <kind>', 'of the trained one: bpe (byte pairs) or char'),
  vocabSize: count(1, '--vocab-size <tokens>', 'most tokens of the trained bpe (1024)'),
} as const satisfies Readonly<Record<string, Setting<unknown>>>;

const ARCHITECTURES = ['gpt2', 'llama', 'mistral', 'qwen2', 'qwen3', 'marian', 'bart', 'mbart', 'm2m_100'] as const;

const NEW_MODEL = {
  modelConfig: string('--model-config <file>', "a config.json in Hugging Face's form, instead of the sizes below"),
  architecture: choice(
    ARCHITECTURES,
    '--architecture <name>',
    `${ARCHITECTURES.join(', ')}; gpt2 unless given. The last four have an encoder, and learn from pairs`,
  ),
  numLayers: count(1, '--num-layers <count>', 'blocks (4); of an encoder and a decoder each'),
  numHeads: count(1, '--num-heads <count>', 'attention heads (4)'),
  numKvHeads: rare(count(1, '--num-kv-heads <count>', 'heads of keys and values; as --num-heads unless given')),
  hiddenSize: count(1, '--hidden-size <channels>', 'channels (128)'),
  intermediateSize: rare(
    count(1, '--intermediate-size <channels>', 'inside the MLP; 4 times --hidden-size, or 8/3 of it where it is gated'),
  ),
  activation: rare(
    choice(['gelu', 'gelu_new', 'relu', 'silu'], '--activation <name>', "the architecture's unless given"),
  ),
} as const satisfies Readonly<Record<string, Setting<unknown>>>;

const BASE_MODEL = {
  model: string('-m, --model <folder>', 'a Hugging Face folder, or the hub id of one, to go on from'),
  revision: rare(string('--revision <name>', 'a branch, tag or commit of a hub id')),
  dtype: rare(
    choice(
      ['auto', ...WEIGHT_DTYPES],
      '--dtype <name>',
      'width that the weights are computed with; auto (as in the file, or float32 where they are codes and no adapter is trained) unless given',
    ),
  ),
} as const satisfies Readonly<Record<string, Setting<unknown>>>;

const LORA = {
  loraRank: count(1, '--lora-rank <rank>', 'train an adapter of this rank, and leave the model as it is'),
  loraAlpha: real(
    aboveNone,
    '--lora-alpha <number>',
    'its change is multiplied by alpha / rank; 2 · rank unless given',
  ),
  loraTargets: {
    ...list(
      '--lora-targets <names>',
      'linear layers, as q_proj,v_proj, or a regular expression; all-linear unless given',
    ),
    convert: splitTargets,
  },
  loraDropout: real(shareBelowAll, '--lora-dropout <share>', "dropout of the adapter's inputs (0)"),
} as const satisfies Readonly<Record<string, Setting<unknown>>>;

const LEARNING = {
  contextLength: count(1, '-c, --context-length <tokens>', 'tokens of a row; the longest source, and target'),
  batchSize: count(1, '-b, --batch-size <rows>', 'rows of a batch; of pairs as many as have so many tokens'),
  maxSteps: count(1, '-n, --max-steps <count>', 'steps of the optimizer (1000)'),
  epochs: real(aboveNone, '--epochs <number>', 'passes over the data, instead of --max-steps'),
  learningRate: real(aboveNone, '--learning-rate <rate>', 'the highest of the schedule'),
  schedule: choice(
    ['constant', 'linear', 'cosine', 'inverseSquareRoot'],
    '--schedule <kind>',
    'how it falls: constant, linear, cosine (unless given), inverseSquareRoot',
  ),
  warmupSteps: count(
    0,
    '--warmup-steps <count>',
    'steps in which it rises; 100, or a tenth of all steps, unless given',
  ),
  minRatio: real(share, '--min-ratio <share>', 'the lowest as a share of the highest (0.1)'),
  gradientAccumulation: count(1, '--gradient-accumulation <count>', 'batches of a step (1)'),
  dropout: real(
    shareBelowAll,
    '--dropout <share>',
    'after the embedding and each sublayer (0); attention weights are never dropped',
  ),
  seed: count(0, '--seed <number>', 'of weights, batches, dropout and samples (0)'),
  optimizer: rare(choice(['adamw', 'sgd'], '--optimizer <kind>', 'adamw unless given, or sgd with momentum')),
  beta1: rare(real(shareBelowAll, '--beta1 <share>', 'of AdamW (0.9)')),
  beta2: rare(real(shareBelowAll, '--beta2 <share>', 'of AdamW (0.95)')),
  epsilon: rare(real(aboveNone, '--epsilon <number>', 'of AdamW (1e-8)')),
  weightDecay: rare(real(notNegative, '--weight-decay <share>', 'of matrices; AdamW 0.1, SGD 0 unless given')),
  momentum: rare(real(shareBelowAll, '--momentum <share>', 'of SGD (0.9)')),
  clipNorm: rare({
    flags: '--clip-norm <norm>',
    description: 'longer gradients are shortened to it (1); none for never',
    read: numberOrNone,
    convert: (text: string) => (text === 'none' ? text : Number(text)),
  }),
  labelSmoothing: rare(
    real(share, '--label-smoothing <share>', 'probability that the targets leave to all tokens (0)'),
  ),
  zLoss: rare(real(notNegative, '--z-loss <weight>', 'of the squared log of the softmax denominator (0)')),
  recompute: rare(boolean('--recompute', 'keep fewer activations: less memory, a third more time')),
} as const satisfies Readonly<Record<string, Setting<unknown>>>;

const WATCHING = {
  evaluateEvery: count(1, '--evaluate-every <steps>', 'steps between evaluations; a tenth of all unless given'),
  evaluationBatches: count(
    1,
    '--evaluation-batches <count>',
    'how much is evaluated; all, but at most 200, unless given',
  ),
  patience: count(1, '--patience <count>', 'stop after so many evaluations in a row that were no better'),
  minDelta: rare(real(notNegative, '--min-delta <loss>', 'how much less a loss must be to be better (0)')),
  checkpointEvery: count(
    1,
    '--checkpoint-every <steps>',
    'steps between checkpoints; as --evaluate-every unless given',
  ),
  keepLast: rare(count(1, '--keep-last <count>', 'checkpoints that are kept, beside the best (2)')),
  checkpointDtype: rare(
    choice(WEIGHT_DTYPES, '--checkpoint-dtype <name>', "width of the checkpoints' weights (float32)"),
  ),
  samplePrompt: list('--sample-prompt <text>', 'have the model continue it at each evaluation; may be repeated'),
  sampleTokens: count(1, '--sample-tokens <count>', 'length of a sample (200), as far as the context has room for it'),
  sampleTemperature: real(
    notNegative,
    '--sample-temperature <number>',
    'of samples (0.8, with an encoder 0); 0 for the likeliest tokens',
  ),
  logEvery: rare(count(1, '--log-every <steps>', 'steps between lines where there is no terminal (10)')),
} as const satisfies Readonly<Record<string, Setting<unknown>>>;

const MACHINE = {
  device: choice(DEVICES, '--device <name>', 'wasm, which is fast and the default, or reference, plain TypeScript'),
  threads: count(
    1,
    '--threads <count>',
    'threads that compute; the processors unless given. The numbers do not depend on it',
  ),
  numerics: rare(
    choice(['fused', 'portable'], '--numerics <kind>', 'fused, or portable: the same bits on every machine'),
  ),
} as const satisfies Readonly<Record<string, Setting<unknown>>>;

const OUTPUT = {
  output: string('-o, --output <folder>', 'where checkpoints, metrics and the report are written; needed'),
} as const satisfies Readonly<Record<string, Setting<unknown>>>;

const COMMON = { ...OUTPUT, ...DATA, ...LEARNING, ...WATCHING, ...MACHINE } as const;

/** The settings of `kvasir train` and `kvasir finetune`, by their keys in a run file. */
export const SETTINGS = {
  train: { ...COMMON, ...PAIRS, ...TOKENIZER, ...NEW_MODEL },
  finetune: { ...COMMON, ...PAIRS, ...LANGUAGES, ...BASE_MODEL, ...LORA },
} as const;

export type RunCommand = keyof typeof SETTINGS;

type AllSettings = typeof COMMON &
  typeof PAIRS &
  typeof LANGUAGES &
  typeof TOKENIZER &
  typeof NEW_MODEL &
  typeof BASE_MODEL &
  typeof LORA;

/** The settings that were given, by whatever file or flag. */
export type GivenSettings = {
  readonly [Name in keyof AllSettings]?: AllSettings[Name] extends { read: OptionReader<infer Value> }
    ? Value | undefined
    : never;
};

/** How the help of a command lists its settings. */
export const SETTING_GROUPS: Readonly<Record<RunCommand, readonly FlagGroup[]>> = {
  train: [
    ['Data:', [...flagsOf(DATA), ...flagsOf(PAIRS)]],
    ['Tokenizer:', flagsOf(TOKENIZER)],
    ['Model:', flagsOf(NEW_MODEL)],
    ['Training:', flagsOf(LEARNING)],
    ['Evaluation, checkpoints, samples:', flagsOf(WATCHING)],
    ['Machine:', flagsOf(MACHINE)],
  ],
  finetune: [
    ['Data:', [...flagsOf(DATA), ...flagsOf(LANGUAGES), ...flagsOf(PAIRS)]],
    ['Model:', flagsOf(BASE_MODEL)],
    ['LoRA:', flagsOf(LORA)],
    ['Training:', flagsOf(LEARNING)],
    ['Evaluation, checkpoints, samples:', flagsOf(WATCHING)],
    ['Machine:', flagsOf(MACHINE)],
  ],
};

export const OUTPUT_SETTING: Flag = flagOf(OUTPUT.output);

/** What the command line calls the settings. */
export const SETTING_NAMES: FlagNames = flagNames(
  [...SETTING_GROUPS.train, ...SETTING_GROUPS.finetune].flatMap(([, flags]) => flags),
  [OUTPUT_SETTING],
);

function flagsOf(settings: Readonly<Record<string, Setting<unknown>>>): readonly Flag[] {
  return Object.values(settings).map(flagOf);
}
