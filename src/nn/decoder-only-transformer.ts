import type { Backend } from '../backend/backend.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { add } from '../ops/elementwise.ts';
import { linear } from '../ops/linear.ts';
import { gatherRows } from '../ops/rows.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { DecoderBlock } from './decoder-block.ts';
import type { Embedding } from './embedding.ts';
import { dropped, type ForwardBatch } from './forward-batch.ts';
import type { Linear } from './linear.ts';
import type { Norm } from './norm.ts';
import type { Rotary } from './rotary.ts';
import { runBlocks } from './run-blocks.ts';

export interface DecoderOnlyParts {
  readonly config: ModelConfig;
  readonly tokenEmbedding: Embedding;
  readonly positionEmbedding: Embedding | undefined;
  readonly rotary: Rotary | undefined;
  readonly layers: readonly DecoderBlock[];
  readonly finalNorm: Norm | undefined;
  /** Undefined when the output projection is the token embedding. */
  readonly head: Linear | undefined;
}

/** A stack of decoder blocks between a token embedding and a projection to the vocabulary: the GPT and Llama families. */
export class DecoderOnlyTransformer {
  readonly parts: DecoderOnlyParts;
  readonly #backend: Backend;

  constructor(backend: Backend, parts: DecoderOnlyParts) {
    this.#backend = backend;
    this.parts = parts;
  }

  get config(): ModelConfig {
    return this.parts.config;
  }

  /** The logits (rows, V) of the batch's rows. Call inside a scope; it records and does not wait. */
  forward(batch: ForwardBatch): Tensor {
    const normed = this.#norm(chooseRows(this.hidden(batch), batch));
    batch.observe?.('finalNorm', normed);
    return this.#project(normed);
  }

  /** The logits (rows, V) of the batch's rows, and the final hidden states (T, C) of all tokens. Call inside a scope. */
  forwardWithHidden(batch: ForwardBatch): { readonly logits: Tensor; readonly hidden: Tensor } {
    const hidden = this.#norm(this.hidden(batch));
    return { logits: this.#project(chooseRows(hidden, batch)), hidden };
  }

  /** The output of the last block (T, C), before the final norm; it fills the cache. Call inside a scope. */
  hidden(batch: ForwardBatch): Tensor {
    const angles = this.parts.rotary?.angles(this.#backend, batch.positions);
    const embedded = dropped(this.#embed(batch), batch, 'embedding'); // (T, C)
    batch.observe?.('embedding', embedded);
    return runBlocks(this.parts.layers, embedded, batch, angles);
  }

  #norm(hidden: Tensor): Tensor {
    return this.parts.finalNorm?.forward(hidden) ?? hidden;
  }

  #project(normed: Tensor): Tensor {
    const { head, tokenEmbedding } = this.parts;
    return head === undefined ? linear(normed, tokenEmbedding.weight) : head.forward(normed);
  }

  #embed(batch: ForwardBatch): Tensor {
    const tokens = this.parts.tokenEmbedding.forward(batch.tokenIds);
    if (this.parts.positionEmbedding === undefined) return tokens;
    const positions = Tensor.from(this.#backend, batch.positions);
    return add(tokens, this.parts.positionEmbedding.forward(positions));
  }
}

function chooseRows(hidden: Tensor, { logitRows }: ForwardBatch): Tensor {
  return logitRows === undefined ? hidden : gatherRows(hidden, logitRows);
}
