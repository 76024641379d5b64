import type { LogitsProcessor } from './logits-processor.ts';
import { removeRepeatedNgrams } from './repeated-ngrams.ts';

/**
 * Removes every token that would copy an n-gram of `size` tokens from the source, or from the prompt in a model without an
 * encoder (context blocking of Roller et al. 2020; Hugging Face's `encoder_no_repeat_ngram_size`). The generated
 * text may repeat itself.
 */
export function encoderNoRepeatNgram(size: number): LogitsProcessor {
  if (!(Number.isInteger(size) && size >= 1)) {
    throw new RangeError(
      `Cannot keep n-grams of the prompt from repeating: the size is ${size}, but it must be a whole number above 0`,
    );
  }
  return (logits, { sourceIds, promptIds, tokenIds }) =>
    removeRepeatedNgrams(logits, sourceIds ?? promptIds, tokenIds, size);
}
