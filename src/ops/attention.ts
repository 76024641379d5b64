import type { AttentionOptions, DeviceCache, PagedAttentionOptions, PagedBatch } from '../backend/backend.ts';
import { Tensor } from '../tensor/tensor.ts';

/** Scaled dot-product attention of queries (Tq, H · D) over keys and values (Tk, G · D) → (Tq, H · D). */
export function attention(queries: Tensor, keys: Tensor, values: Tensor, options: AttentionOptions): Tensor {
  const { heads, kvHeads, headSize } = options;
  queries.expectShape([queries.shape[0]!, heads * headSize], 'the queries of attention');
  keys.expectShape([keys.shape[0]!, kvHeads * headSize], 'the keys of attention');
  values.expectShape(keys.shape, 'the values of attention');
  const output = Tensor.allocate(queries.backend, queries.shape);
  queries.backend.attention(output.buffer, queries.buffer, keys.buffer, values.buffer, options);
  return output;
}

/** Stores keys and values (T, G · D) in the cache slots of the batch. */
export function storeKeysValues(cache: DeviceCache, keys: Tensor, values: Tensor, batch: PagedBatch): void {
  const shape = [batch.numTokens, cache.kvHeads * cache.headSize];
  keys.expectShape(shape, 'the keys to cache');
  values.expectShape(shape, 'the values to cache');
  keys.backend.storeKeysValues(cache, keys.buffer, values.buffer, batch);
}

/** Causal attention of queries (T, H · D) over the cached keys and values of their own sequences → (T, H · D). */
export function pagedAttention(
  queries: Tensor,
  cache: DeviceCache,
  batch: PagedBatch,
  options: PagedAttentionOptions,
): Tensor {
  queries.expectShape([batch.numTokens, options.heads * cache.headSize], 'the queries of paged attention');
  const output = Tensor.allocate(queries.backend, queries.shape);
  queries.backend.pagedAttention(output.buffer, queries.buffer, cache, batch, options);
  return output;
}
