import type { LogitsProcessor } from './logits-processor.ts';

/** Removes the stop tokens until `count` tokens are generated, as Hugging Face's `min_new_tokens` does. */
export function minNewTokens(count: number, stopTokenIds: readonly number[]): LogitsProcessor {
  if (!(Number.isInteger(count) && count >= 0)) {
    throw new RangeError(`Cannot hold back stop tokens: the count is ${count}, but it must be a whole number from 0`);
  }
  return (logits, { generatedIds }) => {
    if (generatedIds.length >= count) return;
    for (const id of stopTokenIds) if (id < logits.length) logits[id] = Number.NEGATIVE_INFINITY;
  };
}
