import type { LikeliestTokens } from '../src/sampling/likeliest-tokens.ts';

/** The `count` likeliest tokens of a row of logits, or all of them if there are fewer, by sorting it; NaN comes first. */
export function likeliestOf(row: Float32Array, count: number): LikeliestTokens {
  const isAbove = (a: number, b: number) => a > b || (Number.isNaN(a) && !Number.isNaN(b));
  const order = (i: number, j: number) => (isAbove(row[i]!, row[j]!) ? -1 : isAbove(row[j]!, row[i]!) ? 1 : i - j);
  const ids = [...row.keys()].sort(order).slice(0, count);
  return { tokenIds: Int32Array.from(ids), logits: Float32Array.from(ids, (id) => row[id]!) };
}
