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
} as const satisfies Readonly<Record<string, GivenSettings>>;

export type RunPreset = keyof typeof RUN_PRESETS;

export const RUN_PRESET_NAMES = Object.keys(RUN_PRESETS) as readonly RunPreset[];
