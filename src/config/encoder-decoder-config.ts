import type { Activation } from '../backend/backend.ts';

/** How positions enter an encoder-decoder model, encoder and decoder alike. */
export type EncoderDecoderPositions =
  | AbsolutePositions
  /**
   * A bias of the scores of self-attention by distance, from one table of (buckets, heads) for all layers of a side (Raffel et al.
   * 2020). Keys from `maxDistance` on share a bucket.
   */
  | { readonly kind: 'relative'; readonly numBuckets: number; readonly maxDistance: number };

/** Positions as vectors that are added to the embeddings. */
export type AbsolutePositions =
  /** A table for each side, of which position p has row p + `offset`. */
  | { readonly kind: 'learned'; readonly offset: number }
  /**
   * Sines in the first half of the channels, cosines in the second, of (p + `offset`) · 10000^(−i / `period`) for channel
   * i of each half: Vaswani et al. 2017 with `period` half the channels, tensor2tensor with one less.
   */
  | { readonly kind: 'sinusoidal'; readonly offset: number; readonly period: number };

/** The layers of an encoder or a decoder. */
export interface StackConfig {
  readonly numLayers: number;
  readonly numHeads: number;
  readonly headSize: number;
  readonly intermediateSize: number;
  /** Factor of the attention scores. */
  readonly attentionScale: number;
}

/**
 * An encoder-decoder Transformer in neutral words: everything that its computation depends on, and nothing of the family it
 * comes from. Frozen.
 */
export interface EncoderDecoderConfig {
  /** The family's `model_type`, for people: no code asks for it. */
  readonly modelType: string;
  /** Of the decoder and its output. */
  readonly vocabSize: number;
  readonly sourceVocabSize: number;
  readonly hiddenSize: number;
  readonly encoder: StackConfig;
  readonly decoder: StackConfig;
  /** The longest source and the longest target. */
  readonly maxPositions: number;
  readonly positions: EncoderDecoderPositions;
  /** Factor of the embeddings, before positions are added: √C in Vaswani et al. 2017. */
  readonly embeddingScale: number;
  /** A norm of the sum of embedding and position. */
  readonly hasEmbeddingNorm: boolean;
  readonly norm: { readonly kind: 'layerNorm' | 'rmsNorm'; readonly epsilon: number };
  /** `pre`: x + f(norm(x)); `post`: norm(x + f(x)), as in Vaswani et al. 2017. */
  readonly normPlacement: 'pre' | 'post';
  /** A norm after the last layer of each side. */
  readonly hasFinalNorm: boolean;
  readonly activation: Activation;
  /** activation(gate) · up instead of activation(up). */
  readonly isMlpGated: boolean;
  /** Linear layers have biases. */
  readonly hasBiases: boolean;
  /** One table embeds source and target. */
  readonly isEmbeddingShared: boolean;
  /** The output projection is the embedding of the target. */
  readonly isTied: boolean;
  /** Factor of the decoder's output before it is projected. */
  readonly logitsScale: number;
  /** A bias is added to the logits. */
  readonly hasLogitsBias: boolean;
  /** What a target begins with, before its first token; undefined where only generation settings say it. */
  readonly decoderStartTokenId: number | undefined;
  readonly padTokenId: number | undefined;
  readonly bosTokenId: number | undefined;
  readonly eosTokenIds: readonly number[];
}
