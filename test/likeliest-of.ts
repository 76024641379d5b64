import type { LikeliestTokens } from '../src/sampling/likeliest-tokens.ts';

/** The `count` likeliest tokens of a row of logits, or all of them if there are fewer, by sorting it. */
export function likeliestOf(row: Float32Array, count: number): LikeliestTokens {
  const ids = [...row.keys()].sort((a, b) => (row[a] === row[b] ? a - b : row[b]! - row[a]!)).slice(0, count);
  return { tokenIds: Int32Array.from(ids), logits: Float32Array.from(ids, (id) => row[id]!) };
}
