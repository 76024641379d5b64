import type { AttentionSpan } from '../../../backend/backend.ts';
import { attend } from './attend.ts';
import { biasIndex, type DensePositionBias } from './position-bias.ts';

export interface DenseAttention {
  readonly spans: readonly AttentionSpan[];
  readonly heads: number;
  readonly kvHeads: number;
  readonly headSize: number;
  readonly scale: number;
  readonly causal: boolean;
  readonly window?: number | undefined;
  readonly mask?: { readonly values: Float32Array; readonly width: number } | undefined; // (Tq, width)
  readonly positionBias?: DensePositionBias | undefined;
}

/** What is added to the scaled scores of a query row and head, whose own place among the keys is `own`, by key. */
export function addendOf(
  { mask, positionBias }: Pick<DenseAttention, 'mask' | 'positionBias'>,
  { row, head, own }: { readonly row: number; readonly head: number; readonly own: number },
): (j: number) => number {
  return (j) => {
    const masked = mask === undefined ? 0 : mask.values[row * mask.width + j]!;
    return positionBias === undefined ? masked : masked + positionBias.values[biasIndex(positionBias, head, j - own)]!;
  };
}

/** Attention of queries (Tq, H, D) over dense keys and values (Tk, G, D), span by span; output (Tq, H, D). */
export function attention(
  output: Float32Array,
  queries: Float32Array,
  keys: Float32Array,
  values: Float32Array,
  options: DenseAttention,
): void {
  const { spans, heads, kvHeads, headSize, scale, causal, window } = options;
  for (const { queryStart, queryLength, keyStart, keyLength } of spans) {
    for (let i = 0; i < queryLength; i++) {
      const row = queryStart + i;
      const own = i + keyLength - queryLength; // the query's own place among the keys
      const firstKey = window === undefined ? 0 : Math.max(0, own - window + 1);
      const endKey = causal ? Math.min(keyLength, own + 1) : keyLength;
      for (let head = 0; head < heads; head++) {
        const start = (row * heads + head) * headSize;
        const kvHead = Math.floor((head * kvHeads) / heads);
        const offsetOf = (j: number) => ((keyStart + j) * kvHeads + kvHead) * headSize;
        const addend = addendOf(options, { row, head, own });
        const sight = { headSize, scale, firstKey, endKey, keys, values, offsetOf, addendOf: addend };
        attend(output, start, queries, start, sight);
      }
    }
  }
}
