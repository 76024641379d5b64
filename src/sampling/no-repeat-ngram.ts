import type { LogitsProcessor } from './logits-processor.ts';
import { removeRepeatedNgrams } from './repeated-ngrams.ts';

/**
 * Removes every token that would repeat an n-gram of `size` tokens of the prompt and the generated text (Paulus et al. 2017,
 * for trigrams; Hugging Face's `no_repeat_ngram_size`). Size 1 removes every token that occurred.
 */
export function noRepeatNgram(size: number): LogitsProcessor {
  if (!(Number.isInteger(size) && size >= 1)) {
    throw new RangeError(
      `Cannot keep n-grams from repeating: the size is ${size}, but it must be a whole number above 0`,
    );
  }
  return (logits, { tokenIds }) => removeRepeatedNgrams(logits, tokenIds, tokenIds, size);
}
