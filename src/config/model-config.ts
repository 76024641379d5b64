import type { Activation } from '../backend/backend.ts';

/** How positions enter a model. */
export type PositionConfig =
  | { readonly kind: 'learned' }
  | {
      readonly kind: 'rotary';
      readonly theta: number;
      /** Elements of a head that are rotated; the rest pass through. */
      readonly rotarySize: number;
      readonly interleaved: boolean;
      readonly scaling: RotaryScaling;
    };

/** How rotary frequencies are stretched beyond the length a model was trained on. */
export type RotaryScaling =
  | { readonly kind: 'none' }
  | { readonly kind: 'linear'; readonly factor: number }
  /** NTK-aware scaling that grows with the length. */
  | { readonly kind: 'dynamic'; readonly factor: number; readonly originalMaxPositions: number }
  /** Llama 3.1. */
  | {
      readonly kind: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalMaxPositions: number;
    }
  /** Each frequency divided by a number of its own (rotarySize / 2 of them): LongRoPE's, or Llama 3.1's as GGUF stores them. */
  | { readonly kind: 'factors'; readonly factors: readonly number[] }
  /** YaRN (Peng et al. 2023). */
  | {
      readonly kind: 'yarn';
      readonly factor: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      readonly originalMaxPositions: number;
      /** Factor of cosines and sines. */
      readonly attentionFactor: number;
      /** Whether the bounds of the ramp are rounded to whole dimensions. */
      readonly truncate: boolean;
    };

/**
 * A decoder-only Transformer in neutral words: everything that its computation depends on, and nothing of the family it
 * comes from. Frozen.
 */
export interface ModelConfig {
  /** The family's `model_type`, for people: no code asks for it. */
  readonly modelType: string;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly numHeads: number;
  readonly numKvHeads: number;
  readonly headSize: number;
  readonly intermediateSize: number;
  /** The longest sequence the model can take. */
  readonly maxPositions: number;
  readonly positions: PositionConfig;
  readonly norm: { readonly kind: 'layerNorm' | 'rmsNorm'; readonly epsilon: number };
  /** `pre`: x + f(norm(x)); `post`: norm(x + f(x)), as in Vaswani et al. 2017 and GPT-1. */
  readonly normPlacement: 'pre' | 'post';
  readonly hasFinalNorm: boolean;
  readonly activation: Activation;
  /** activation(gate) · up instead of activation(up). */
  readonly isMlpGated: boolean;
  readonly mlpBias: boolean;
  /** One matrix for query, key and value together, as GPT-1 and GPT-2 store them. */
  readonly isQkvFused: boolean;
  readonly qkvBias: boolean;
  readonly attentionOutputBias: boolean;
  /** RMS norm of each query and key head (Qwen3). */
  readonly hasQueryKeyNorm: boolean;
  /** Factor of the attention scores. */
  readonly attentionScale: number;
  /** Per layer: the sliding window in tokens, or undefined for full attention. */
  readonly windows: readonly (number | undefined)[];
  /** The output projection is the token embedding. */
  readonly isTied: boolean;
  readonly bosTokenId: number | undefined;
  readonly eosTokenIds: readonly number[];
}
