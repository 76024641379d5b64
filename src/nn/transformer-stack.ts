import { add, scale } from '../ops/elementwise.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { AbsolutePositions } from './absolute-positions.ts';
import type { DecoderBlock } from './decoder-block.ts';
import type { Embedding } from './embedding.ts';
import { dropped, type ForwardBatch } from './forward-batch.ts';
import type { Norm } from './norm.ts';
import type { RelativePositionBias } from './relative-position-bias.ts';
import { runBlocks } from './run-blocks.ts';

export interface TransformerStackParts {
  readonly tokenEmbedding: Embedding;
  /** Factor of the token's vector. */
  readonly embeddingScale: number;
  /** Undefined where nothing is added to the token's vector. */
  readonly positions: AbsolutePositions | undefined;
  /** Added to the scores of every layer's self-attention. */
  readonly relativePositions?: RelativePositionBias | undefined;
  readonly embeddingNorm: Norm | undefined;
  readonly layers: readonly DecoderBlock[];
  readonly finalNorm: Norm | undefined;
}

/** The encoder or the decoder of an encoder-decoder model: embeddings with positions, and layers over them. */
export class TransformerStack {
  readonly parts: TransformerStackParts;

  constructor(parts: TransformerStackParts) {
    this.parts = parts;
  }

  /** The tokens of the batch → (T, C). Call inside a scope. */
  forward(batch: ForwardBatch): Tensor {
    const embedded = dropped(this.#embed(batch), batch, 'embedding');
    batch.observe?.('embedding', embedded);
    const positionBias = this.parts.relativePositions?.forward();
    const hidden = runBlocks(this.parts.layers, embedded, { ...batch, positionBias }, undefined);
    const output = this.parts.finalNorm?.forward(hidden) ?? hidden;
    batch.observe?.('output', output);
    return output;
  }

  #embed({ tokenIds, positions }: ForwardBatch): Tensor {
    const { tokenEmbedding, embeddingScale, positions: places, embeddingNorm } = this.parts;
    const tokens = tokenEmbedding.forward(tokenIds);
    const scaled = embeddingScale === 1 ? tokens : scale(tokens, embeddingScale);
    const sum = places === undefined ? scaled : add(scaled, places.forward(tokens.backend, positions));
    return embeddingNorm?.forward(sum) ?? sum;
  }
}
