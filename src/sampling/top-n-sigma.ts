import { highestLogit } from './highest-logit.ts';
import type { LogitsFilter } from './logits-processor.ts';
import { removeBelow } from './remove-below.ts';

/**
 * Top-nσ (Tang et al. 2024): removes tokens whose logits are more than `n` standard deviations below the highest,
 * x < max x − n · σ, with σ over the tokens that are left, √(Σ (x − mean)² / count). A temperature before it does not change
 * what it keeps.
 */
export function topNSigma(n: number): LogitsFilter {
  if (!(n > 0 && n < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`Cannot remove unlikely tokens: n is ${n}, but it must be finite and above 0`);
  }
  return (logits) => {
    const highest = highestLogit(logits);
    if (highest > Number.NEGATIVE_INFINITY) removeBelow(logits, highest - n * deviation(logits, highest));
  };
}

/** The standard deviation of the logits that are not removed; from the highest, where the numbers are small. */
function deviation(logits: Float32Array, highest: number): number {
  const { length } = logits;
  let count = 0;
  let sum = 0;
  let sumOfSquares = 0;
  for (let id = 0; id < length; id++) {
    const below = highest - logits[id]!;
    if (below === Number.POSITIVE_INFINITY) continue;
    count += 1;
    sum += below;
    sumOfSquares += below * below;
  }
  const mean = sum / count;
  // Rounding may leave a difference just below 0.
  return Math.sqrt(Math.max(0, sumOfSquares / count - mean * mean));
}
