import { CACHE_BLOCK_SIZE, type PagedAttentionOptions } from '../../../backend/backend.ts';
import type { ReferenceCache } from '../reference-cache.ts';
import { attend } from './attend.ts';
import { addendOf } from './attention.ts';
import type { DensePositionBias } from './position-bias.ts';

/** Where each sequence of a batch stands in the cache, on the reference's own arrays. */
export interface PagedSequences {
  readonly numSequences: number;
  readonly maxBlocks: number;
  readonly queryStarts: Int32Array; // (S + 1)
  readonly keyLengths: Int32Array; // (S)
  readonly blockTables: Int32Array; // (S, maxBlocks)
}

/** Writes keys and values (T, G, D) to cache slots (T). */
export function storeKeysValues(
  cache: ReferenceCache,
  keys: Float32Array,
  values: Float32Array,
  slots: Int32Array,
): void {
  const length = cache.slotLength;
  const [k, v] = [cache.rounded(keys), cache.rounded(values)];
  for (let token = 0; token < slots.length; token++) {
    cache.keys.set(k.subarray(token * length, (token + 1) * length), slots[token]! * length);
    cache.values.set(v.subarray(token * length, (token + 1) * length), slots[token]! * length);
  }
}

export interface PagedAttention extends Omit<PagedAttentionOptions, 'positionBias'> {
  readonly positionBias?: DensePositionBias | undefined;
}

/** Attention of queries (T, H, D) over the cached keys and values of their own sequences, output (T, H, D). */
export function pagedAttention(
  output: Float32Array,
  queries: Float32Array,
  cache: ReferenceCache,
  { numSequences, maxBlocks, queryStarts, keyLengths, blockTables }: PagedSequences,
  { heads, scale, window, causal = true, positionBias }: PagedAttention,
): void {
  const { kvHeads, headSize, keys, values } = cache;
  for (let sequence = 0; sequence < numSequences; sequence++) {
    const queryEnd = queryStarts[sequence + 1]!;
    const blockTable = blockTables.subarray(sequence * maxBlocks, (sequence + 1) * maxBlocks);
    for (let row = queryStarts[sequence]!; row < queryEnd; row++) {
      const keyLength = keyLengths[sequence]!;
      const own = keyLength - (queryEnd - row); // the query's own place among the keys
      const firstKey = window === undefined ? 0 : Math.max(0, own - window + 1);
      const endKey = causal ? own + 1 : keyLength;
      for (let head = 0; head < heads; head++) {
        const start = (row * heads + head) * headSize;
        const kvHead = Math.floor((head * kvHeads) / heads);
        const offsetOf = (j: number) => (slotOf(blockTable, j) * kvHeads + kvHead) * headSize;
        const addend = addendOf({ positionBias }, { row, head, own });
        const sight = { headSize, scale, firstKey, endKey, keys, values, offsetOf, addendOf: addend };
        attend(output, start, queries, start, sight);
      }
    }
  }
}

/** Copies whole blocks, pair after pair. */
export function copyBlocks(
  cache: ReferenceCache,
  pairs: readonly { readonly from: number; readonly to: number }[],
): void {
  const length = CACHE_BLOCK_SIZE * cache.slotLength;
  for (const { from, to } of pairs) {
    cache.keys.copyWithin(to * length, from * length, (from + 1) * length);
    cache.values.copyWithin(to * length, from * length, (from + 1) * length);
  }
}

function slotOf(blockTable: Int32Array, token: number): number {
  return blockTable[Math.floor(token / CACHE_BLOCK_SIZE)]! * CACHE_BLOCK_SIZE + (token % CACHE_BLOCK_SIZE);
}
