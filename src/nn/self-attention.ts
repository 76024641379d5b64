import { attention, pagedAttention, storeKeysValues } from '../ops/attention.ts';
import { rotate } from '../ops/rotate.ts';
import { sliceColumns } from '../ops/rows.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { ForwardBatch } from './forward-batch.ts';
import type { Linear, LinearContext } from './linear.ts';
import type { RmsNorm } from './norm.ts';
import type { Rotary, RotaryAngles } from './rotary.ts';

/** Query, key and value projections: three matrices, or one whose outputs are [query | key | value]. */
export type QkvProjection =
  | { readonly kind: 'separate'; readonly query: Linear; readonly key: Linear; readonly value: Linear }
  | { readonly kind: 'fused'; readonly qkv: Linear };

export interface SelfAttentionParts {
  readonly projection: QkvProjection;
  readonly output: Linear;
  readonly queryNorm: RmsNorm | undefined;
  readonly keyNorm: RmsNorm | undefined;
  readonly rotary: Rotary | undefined;
  readonly numHeads: number;
  readonly numKvHeads: number;
  readonly headSize: number;
  readonly scale: number;
  readonly window: number | undefined;
  /** A token sees those before it; false in an encoder, which sees whole sequences and has no cache. */
  readonly causal: boolean;
}

/** Multi-head self-attention, masked in decoders, with grouped key/value heads (Ainslie et al. 2023). */
export class SelfAttention {
  readonly parts: SelfAttentionParts;

  constructor(parts: SelfAttentionParts) {
    this.parts = parts;
  }

  /** (T, C) → (T, C); in a cached context the new keys and values go to the layer's cache. */
  forward(input: Tensor, batch: ForwardBatch, layer: number, angles: RotaryAngles | undefined): Tensor {
    const { output, numHeads, numKvHeads } = this.parts;
    const { query, key, value } = this.#project(input, batch);
    const queries = this.#position(query, this.parts.queryNorm, numHeads, angles); // (T, H · D)
    const keys = this.#position(key, this.parts.keyNorm, numKvHeads, angles); // (T, G · D)
    return output.forward(this.#attend(queries, keys, value, batch, layer), batch);
  }

  #attend(queries: Tensor, keys: Tensor, values: Tensor, batch: ForwardBatch, layer: number): Tensor {
    const { context, positionBias } = batch;
    const { numHeads: heads, numKvHeads: kvHeads, headSize, scale, window, causal } = this.parts;
    if (context.kind === 'whole') {
      const { spans } = context;
      const options = { spans, heads, kvHeads, headSize, scale, window, causal, positionBias };
      return attention(queries, keys, values, options);
    }
    if (!causal) throw new TypeError('Cannot attend to cached tokens: the layer sees whole sequences');
    const { paged, caches } = context;
    const cache = caches[layer]!;
    storeKeysValues(cache, keys, values, paged);
    const { maxKeyLength } = paged;
    return pagedAttention(queries, cache, paged, { heads, scale, window, maxKeyLength, positionBias });
  }

  #project(input: Tensor, context: LinearContext): { query: Tensor; key: Tensor; value: Tensor } {
    const { projection, numHeads, numKvHeads, headSize } = this.parts;
    if (projection.kind === 'separate')
      return {
        query: projection.query.forward(input, context),
        key: projection.key.forward(input, context),
        value: projection.value.forward(input, context),
      };
    const qkv = projection.qkv.forward(input, context); // (T, (H + 2G) · D)
    const [queryWidth, kvWidth] = [numHeads * headSize, numKvHeads * headSize];
    return {
      query: sliceColumns(qkv, 0, queryWidth),
      key: sliceColumns(qkv, queryWidth, kvWidth),
      value: sliceColumns(qkv, queryWidth + kvWidth, kvWidth),
    };
  }

  #position(input: Tensor, norm: RmsNorm | undefined, heads: number, angles: RotaryAngles | undefined): Tensor {
    const { headSize, rotary } = this.parts;
    const normed = norm ? norm.forward(input.reshape([input.numRows * heads, headSize])).reshape(input.shape) : input;
    if (rotary === undefined || angles === undefined) return normed;
    return rotate(normed, angles.cosines, angles.sines, rotary.shape(heads, headSize));
  }
}
