import type { LogitsProcessor } from './logits-processor.ts';
import { sequenceBias } from './sequence-bias.ts';

/**
 * Hugging Face's `bad_words_ids`: forbids sequences of tokens by removing the last token of each wherever the others come
 * right before it. A sequence that is nothing but one of `stopTokenIds` is left out, so that the text may end. Throws as
 * `sequenceBias` does.
 */
export function badWords(words: readonly (readonly number[])[], stopTokenIds: readonly number[] = []): LogitsProcessor {
  const isStopToken = (word: readonly number[]): boolean => word.length === 1 && stopTokenIds.includes(word[0]!);
  const forbidden = words.filter((word) => !isStopToken(word));
  return sequenceBias(forbidden.map((tokenIds) => ({ tokenIds, bias: Number.NEGATIVE_INFINITY })));
}
