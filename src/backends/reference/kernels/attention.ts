import type { AttentionSpan } from '../../../backend/backend.ts';
import { attend } from './attend.ts';

export interface DenseAttention {
  readonly spans: readonly AttentionSpan[];
  readonly heads: number;
  readonly kvHeads: number;
  readonly headSize: number;
  readonly scale: number;
  readonly causal: boolean;
  readonly window?: number | undefined;
  readonly mask?: { readonly values: Float32Array; readonly width: number } | undefined; // (Tq, width)
}

/** Attention of queries (Tq, H, D) over dense keys and values (Tk, G, D), span by span; output (Tq, H, D). */
export function attention(
  output: Float32Array,
  queries: Float32Array,
  keys: Float32Array,
  values: Float32Array,
  { spans, heads, kvHeads, headSize, scale, causal, window, mask }: DenseAttention,
): void {
  for (const { queryStart, queryLength, keyStart, keyLength } of spans) {
    for (let i = 0; i < queryLength; i++) {
      const row = queryStart + i;
      const own = i + keyLength - queryLength; // the query's own place among the keys
      const firstKey = window === undefined ? 0 : Math.max(0, own - window + 1);
      const endKey = causal ? Math.min(keyLength, own + 1) : keyLength;
      const maskOf = mask && ((j: number) => mask.values[row * mask.width + j]!);
      for (let head = 0; head < heads; head++) {
        const start = (row * heads + head) * headSize;
        const kvHead = Math.floor((head * kvHeads) / heads);
        const offsetOf = (j: number) => ((keyStart + j) * kvHeads + kvHead) * headSize;
        const sight = { headSize, scale, firstKey, endKey, keys, values, offsetOf, maskOf };
        attend(output, start, queries, start, sight);
      }
    }
  }
}
