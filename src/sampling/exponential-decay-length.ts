import { HIGHEST_FLOAT32 } from './highest-float32.ts';
import type { LogitsProcessor } from './logits-processor.ts';
import { checkVocabulary, namedTokens } from './named-tokens.ts';

/** From where on, and how fast, the stop tokens get likelier. */
export interface ExponentialDecayLengthOptions {
  /** Number of generated tokens after which it begins. */
  readonly start: number;
  readonly factor: number;
  readonly stopTokenIds: readonly number[];
}

const ACTION = 'make the stop tokens likelier';

/**
 * Hugging Face's `exponential_decay_length_penalty`: once n > `start` tokens are generated, a stop token's logit x becomes
 * x + |x| · (factor^(n − start) − 1), at most the largest float32; a removed one stays removed. Throws a `RangeError` for a
 * factor that is not finite and above 0, or, at such a row, for a token that is not in the vocabulary.
 */
export function exponentialDecayLength(options: ExponentialDecayLengthOptions): LogitsProcessor {
  const { start, factor } = options;
  const stopIds = namedTokens(options.stopTokenIds, ACTION);
  if (!(Number.isInteger(start) && start >= 0)) {
    throw new RangeError(`Cannot ${ACTION}: the start is ${start}, but it must be a whole number from 0`);
  }
  if (!(factor > 0 && factor < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`Cannot ${ACTION}: the factor is ${factor}, but it must be finite and above 0`);
  }
  return (logits, { generatedIds }) => {
    const numBeyond = generatedIds.length - start;
    if (numBeyond <= 0) return;
    checkVocabulary(stopIds, logits.length, ACTION);
    // The power of a long text overflows, and 0 · ∞ and −∞ + ∞ would be NaN.
    const growth = Math.min(factor ** numBeyond - 1, HIGHEST_FLOAT32);
    for (const id of stopIds) {
      const logit = logits[id]!;
      if (logit > Number.NEGATIVE_INFINITY) logits[id] = Math.min(logit + Math.abs(logit) * growth, HIGHEST_FLOAT32);
    }
  };
}
