import type { DeviceCache, PagedBatch } from '../backend/backend.ts';
import type { EncoderDecoderConfig } from '../config/encoder-decoder-config.ts';
import { add, scale } from '../ops/elementwise.ts';
import { linear } from '../ops/linear.ts';
import { gatherRows } from '../ops/rows.ts';
import { scoped, type Tensor } from '../tensor/tensor.ts';
import type { AdaptedRows } from './adapter.ts';
import type { ForwardBatch } from './forward-batch.ts';
import type { Linear } from './linear.ts';
import type { TransformerStack } from './transformer-stack.ts';

export interface EncoderDecoderParts {
  readonly config: EncoderDecoderConfig;
  readonly encoder: TransformerStack;
  readonly decoder: TransformerStack;
  /** The output projection; undefined where it is the decoder's token embedding. */
  readonly head: Linear | undefined;
  /** (V), added to the logits. */
  readonly logitsBias: Tensor | undefined;
}

/**
 * An encoder that sees whole sources, and a decoder that attends to its output (Vaswani et al. 2017). Observers and dropout know the sides as `encoder.…` and `decoder.…`.
 */
export class EncoderDecoderTransformer {
  readonly parts: EncoderDecoderParts;

  constructor(parts: EncoderDecoderParts) {
    this.parts = parts;
  }

  get config(): EncoderDecoderConfig {
    return this.parts.config;
  }

  /** The encoder's output (S, C) for a batch of whole sources. Call inside a scope; it records and does not wait. */
  encode(sources: ForwardBatch): Tensor {
    const { encoder } = this.parts;
    return scoped(sources.tokenIds.backend, () => encoder.forward(within('encoder', sources)));
  }

  /** Stores what the decoder's layers attend to of the encoder's output (S, C), each in its cache. */
  store(
    encoded: Tensor,
    caches: readonly DeviceCache[],
    batch: PagedBatch,
    adapters: readonly AdaptedRows[] | undefined,
  ): void {
    for (const [layer, { parts }] of this.parts.decoder.parts.layers.entries())
      encoded.backend.scope(() => parts.cross?.attention.store(encoded, caches[layer]!, batch, adapters));
  }

  /** The logits (rows, V) of the batch's rows, which attend to its sources. Call inside a scope. */
  forward(batch: ForwardBatch): Tensor {
    return this.forwardWithHidden(batch).logits;
  }

  /** The logits (rows, V) of the batch's rows, and the decoder's output (T, C) for all tokens. Call inside a scope. */
  forwardWithHidden(batch: ForwardBatch): { readonly logits: Tensor; readonly hidden: Tensor } {
    const hidden = this.parts.decoder.forward(within('decoder', batch));
    const rows = batch.logitRows === undefined ? hidden : gatherRows(hidden, batch.logitRows);
    return { logits: this.#project(rows), hidden };
  }

  #project(rows: Tensor): Tensor {
    const { config, decoder, head, logitsBias } = this.parts;
    const scaled = config.logitsScale === 1 ? rows : scale(rows, config.logitsScale);
    const logits = head?.forward(scaled) ?? linear(scaled, decoder.parts.tokenEmbedding.weight);
    return logitsBias === undefined ? logits : add(logits, logitsBias);
  }
}

/** The batch, with the paths that observers and dropout get under those of `side`. */
function within(side: string, batch: ForwardBatch): ForwardBatch {
  const { observe, dropout } = batch;
  return {
    ...batch,
    observe: observe && ((path, tensor) => observe(`${side}.${path}`, tensor)),
    dropout: dropout && ((input, site) => dropout(input, `${side}.${site}`)),
  };
}
