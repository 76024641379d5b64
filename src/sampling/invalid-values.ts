import { HIGHEST_FLOAT32 } from './highest-float32.ts';

/**
 * Hugging Face's `remove_invalid_values`, a processor: NaN becomes 0 and +∞ the largest float32. −∞, which Hugging Face turns
 * into the lowest float32, stays: it says that a token is removed, and the probability is 0 either way.
 */
export function removeInvalidValues(logits: Float32Array): void {
  const { length } = logits;
  for (let id = 0; id < length; id++) {
    const logit = logits[id]!;
    if (!(logit < Number.POSITIVE_INFINITY)) logits[id] = Number.isNaN(logit) ? 0 : HIGHEST_FLOAT32;
  }
}
