import type { GivenSettings } from './run-settings.ts';

/**
 * nanoGPT's trainings of a character-level model of Shakespeare (Karpathy 2022, config/train_shakespeare_char.py, and its readme
 * for CPUs). Ours differ in two things: the linear layers and norms have biases, which GPT-2 in Hugging Face's form always has,
 * and dropout does not reach the attention weights.
 */
const SHAKESPEARE_CHAR = {
  tokenizerKind: 'char',
  validation: 0.1,
  batches: 'windows',
  architecture: 'gpt2',
  // nanoGPT's GELU is the exact one.
  activation: 'gelu',
  // The warm-up of 100 steps is ours for any training as long.
  learningRate: 1e-3,
  schedule: 'cosine',
  minRatio: 0.1,
  optimizer: 'adamw',
  beta1: 0.9,
  beta2: 0.99,
  weightDecay: 0.1,
  clipNorm: 1,
  samplePrompt: ['\n'],
} as const satisfies GivenSettings;

/**
 * The training of Vaswani et al. 2017, section 5: Adam, a rate that rises linearly and falls with the inverse square root of the
 * step, dropout and label smoothing of 0.1, one table of embeddings for sources, targets and the output. The paper's rate is
 * 1 / √(channels · warm-up steps) at its highest. Ours differs in that gradients longer than 1 are shortened, and in that
 * dropout does not reach the attention weights.
 */
const TRANSFORMER = {
  tokenizerKind: 'bpe',
  validation: 0.01,
  architecture: 'marian',
  activation: 'relu',
  schedule: 'inverseSquareRoot',
  minRatio: 0,
  optimizer: 'adamw',
  beta1: 0.9,
  beta2: 0.98,
  epsilon: 1e-9,
  weightDecay: 0,
  dropout: 0.1,
  labelSmoothing: 0.1,
} as const satisfies GivenSettings;

export const RUN_PRESETS = {
  'shakespeare-char-cpu': {
    ...SHAKESPEARE_CHAR,
    ...{ numLayers: 4, numHeads: 4, hiddenSize: 128, contextLength: 64, batchSize: 12 },
    ...{ maxSteps: 2000, dropout: 0, evaluateEvery: 250 },
  },
  'shakespeare-char': {
    ...SHAKESPEARE_CHAR,
    ...{ numLayers: 6, numHeads: 6, hiddenSize: 384, contextLength: 256, batchSize: 64 },
    ...{ maxSteps: 5000, dropout: 0.2, evaluateEvery: 250 },
  },
  /** For a CPU: a quarter of the channels, half of the layers. */
  'transformer-small': {
    ...TRANSFORMER,
    ...{ numLayers: 3, numHeads: 4, hiddenSize: 128, intermediateSize: 512, vocabSize: 2000 },
    ...{ contextLength: 64, batchSize: 32, warmupSteps: 400, learningRate: 4.4e-3, maxSteps: 4000 },
  },
  /** The base model of table 3, with batches of 25,000 tokens a side. */
  'transformer-base': {
    ...TRANSFORMER,
    ...{ numLayers: 6, numHeads: 8, hiddenSize: 512, intermediateSize: 2048, vocabSize: 37_000 },
    ...{ contextLength: 250, batchSize: 200, warmupSteps: 4000, learningRate: 7e-4, maxSteps: 100_000 },
  },
} as const satisfies Readonly<Record<string, GivenSettings>>;

export type RunPreset = keyof typeof RUN_PRESETS;

export const RUN_PRESET_NAMES = Object.keys(RUN_PRESETS) as readonly RunPreset[];
