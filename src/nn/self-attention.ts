import { attention, pagedAttention, storeKeysValues } from '../ops/attention.ts';
import { rotate } from '../ops/rotate.ts';
import { sliceColumns } from '../ops/rows.ts';
import { Columns } from '../tensor/columns.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { CachedContext, ForwardBatch, WholeContext } from './forward-batch.ts';
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

  /** (T, C) → (T, C), plus the residual if there is one; in a cached context the new keys and values go to the layer's cache. */
  forward(
    input: Tensor,
    batch: ForwardBatch,
    layer: number,
    angles: RotaryAngles | undefined,
    residual?: Tensor,
  ): Tensor {
    return this.parts.output.forward(this.#attend(input, batch, layer, angles), batch, { addend: residual });
  }

  /** (T, C) → (T, H · D). */
  #attend(input: Tensor, batch: ForwardBatch, layer: number, angles: RotaryAngles | undefined): Tensor {
    const { projection, queryNorm, keyNorm, rotary, numHeads, numKvHeads } = this.parts;
    if (projection.kind === 'fused' && batch.context.kind === 'cached' && !queryNorm && !keyNorm && !rotary) {
      const { query, key, value } = this.#columns(projection.qkv.forward(input, batch));
      return this.#attendToCache(query, key, value, batch, batch.context, layer);
    }
    const { query, key, value } = this.#project(input, batch);
    const queries = this.#position(query, queryNorm, numHeads, angles); // (T, H · D)
    const keys = this.#position(key, keyNorm, numKvHeads, angles); // (T, G · D)
    if (batch.context.kind === 'whole') return this.#attendToSpans(queries, keys, value, batch, batch.context);
    return this.#attendToCache(queries, keys, value, batch, batch.context, layer);
  }

  #attendToSpans(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    { positionBias }: ForwardBatch,
    { spans }: WholeContext,
  ): Tensor {
    const { numHeads: heads, numKvHeads: kvHeads, headSize, scale, window, causal } = this.parts;
    const options = { spans, heads, kvHeads, headSize, scale, window, causal, positionBias };
    return attention(queries, keys, values, options);
  }

  #attendToCache<Rows extends Tensor | Columns>(
    queries: Rows,
    keys: Rows,
    values: Rows,
    { positionBias }: ForwardBatch,
    { paged, caches }: CachedContext,
    layer: number,
  ): Tensor {
    const { numHeads: heads, scale, window, causal } = this.parts;
    if (!causal) throw new TypeError('Cannot attend to cached tokens: the layer sees whole sequences');
    const cache = caches[layer]!;
    storeKeysValues(cache, keys, values, paged);
    const { maxKeyLength } = paged;
    return pagedAttention(queries, cache, paged, { heads, scale, window, maxKeyLength, positionBias });
  }

  #project(input: Tensor, context: LinearContext): { query: Tensor; key: Tensor; value: Tensor } {
    const { projection } = this.parts;
    if (projection.kind === 'separate')
      return {
        query: projection.query.forward(input, context),
        key: projection.key.forward(input, context),
        value: projection.value.forward(input, context),
      };
    const { query, key, value } = this.#columns(projection.qkv.forward(input, context));
    return { query: sliceOf(query), key: sliceOf(key), value: sliceOf(value) };
  }

  /** Of the outputs (T, (H + 2G) · D) of a fused projection. */
  #columns(qkv: Tensor): { query: Columns; key: Columns; value: Columns } {
    const { numHeads, numKvHeads, headSize } = this.parts;
    const [queryWidth, kvWidth] = [numHeads * headSize, numKvHeads * headSize];
    return {
      query: new Columns(qkv, 0, queryWidth),
      key: new Columns(qkv, queryWidth, kvWidth),
      value: new Columns(qkv, queryWidth + kvWidth, kvWidth),
    };
  }

  #position(input: Tensor, norm: RmsNorm | undefined, heads: number, angles: RotaryAngles | undefined): Tensor {
    const { headSize, rotary } = this.parts;
    const normed = norm ? norm.forward(input.reshape([input.numRows * heads, headSize])).reshape(input.shape) : input;
    if (rotary === undefined || angles === undefined) return normed;
    return rotate(normed, angles.cosines, angles.sines, rotary.shape(heads, headSize));
  }
}

function sliceOf({ tensor, start, width }: Columns): Tensor {
  return sliceColumns(tensor, start, width);
}
