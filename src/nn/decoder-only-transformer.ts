import type { Backend } from '../backend/backend.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { add } from '../ops/elementwise.ts';
import { gatherRows } from '../ops/rows.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { DecoderBlock } from './decoder-block.ts';
import type { Embedding } from './embedding.ts';
import { dropped, type ForwardBatch } from './forward-batch.ts';
import { Linear } from './linear.ts';
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
    return this.head(chooseRows(this.hidden(batch), batch), batch);
  }

  /** The logits (rows, V) of what the last block gave (rows, C). Call inside a scope. */
  head(hidden: Tensor, batch: ForwardBatch): Tensor {
    const normed = this.#norm(hidden);
    batch.observe?.('finalNorm', normed);
    return this.#project(normed, batch);
  }

  /** The logits (rows, V) of the batch's rows, and the final hidden states (T, C) of all tokens. Call inside a scope. */
  forwardWithHidden(batch: ForwardBatch): { readonly logits: Tensor; readonly hidden: Tensor } {
    const hidden = this.#norm(this.hidden(batch));
    return { logits: this.#project(chooseRows(hidden, batch), batch), hidden };
  }

  /** The output of the last block (T, C), before the final norm; it fills the cache. Call inside a scope. */
  hidden(batch: ForwardBatch): Tensor {
    const angles = this.parts.rotary?.angles(this.#backend, batch.positions);
    const embedded = dropped(this.embed(batch), batch, 'embedding'); // (T, C)
    batch.observe?.('embedding', embedded);
    return runBlocks(this.parts.layers, embedded, batch, angles);
  }

  /** What the first block reads (T, C). Call inside a scope. */
  embed(batch: ForwardBatch): Tensor {
    const tokens = this.parts.tokenEmbedding.forward(batch.tokenIds);
    if (this.parts.positionEmbedding === undefined) return tokens;
    const positions = Tensor.from(this.#backend, batch.positions);
    return add(tokens, this.parts.positionEmbedding.forward(positions));
  }

  #norm(hidden: Tensor): Tensor {
    return this.parts.finalNorm?.forward(hidden) ?? hidden;
  }

  /** The adapters of a batch are those of the blocks. */
  #project(normed: Tensor, { observeInput }: ForwardBatch): Tensor {
    const { head, tokenEmbedding } = this.parts;
    const output = head ?? new Linear(tokenEmbedding.weight);
    return output.forward(normed, { observeInput });
  }
}

function chooseRows(hidden: Tensor, { logitRows }: ForwardBatch): Tensor {
  return logitRows === undefined ? hidden : gatherRows(hidden, logitRows);
}
