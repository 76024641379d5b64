import type { DeviceCache, PagedBatch } from '../backend/backend.ts';
import { attention, pagedAttention, storeKeysValues } from '../ops/attention.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { AdaptedRows } from './adapter.ts';
import type { ForwardBatch } from './forward-batch.ts';
import type { Linear } from './linear.ts';

export interface CrossAttentionParts {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly output: Linear;
  readonly numHeads: number;
  readonly headSize: number;
  readonly scale: number;
}

/**
 * Multi-head attention of a decoder's tokens over all tokens of their sources (Vaswani et al. 2017, section 3.2.3). The keys and
 * values of a source are computed from the encoder's output once, and stored.
 */
export class CrossAttention {
  readonly parts: CrossAttentionParts;

  constructor(parts: CrossAttentionParts) {
    this.parts = parts;
  }

  /** (T, C) → (T, C), over the batch's sources, plus the residual if there is one. */
  forward(input: Tensor, batch: ForwardBatch, layer: number, residual?: Tensor): Tensor {
    const { source, observe } = batch;
    if (source === undefined) throw new TypeError('Cannot attend to a source: the batch has none');
    const { query, key, value, output, numHeads: heads, headSize, scale } = this.parts;
    const queries = query.forward(input, batch); // (T, H · D)
    const epilogue = { addend: residual };
    if (source.kind === 'stored') {
      const { paged, caches } = source;
      const options = { heads, scale, causal: false, maxKeyLength: paged.maxKeyLength };
      return output.forward(pagedAttention(queries, caches[layer]!, paged, options), batch, epilogue);
    }
    const { encoded, spans } = source;
    const keys = key.forward(encoded, batch); // (S, H · D)
    const values = value.forward(encoded, batch);
    observe?.(`layers.${layer}.crossAttention.queries`, queries);
    observe?.(`layers.${layer}.crossAttention.keys`, keys);
    const options = { spans, heads, kvHeads: heads, headSize, scale, causal: false };
    return output.forward(attention(queries, keys, values, options), batch, epilogue);
  }

  /** Stores the keys and values of sources, of the encoder's output (S, C). */
  store(encoded: Tensor, cache: DeviceCache, batch: PagedBatch, adapters: readonly AdaptedRows[] | undefined): void {
    const { key, value } = this.parts;
    storeKeysValues(cache, key.forward(encoded, { adapters }), value.forward(encoded, { adapters }), batch);
  }
}
