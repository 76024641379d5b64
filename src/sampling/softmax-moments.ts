import { expOfNegative } from './exp.ts';
import { highestLogit } from './highest-logit.ts';

/** What probabilities and entropy of a row of logits are made of: p = exp(x − logSumExp), H = logSumExp − mean. */
export interface SoftmaxMoments {
  /** −∞ if every token is removed; the other two are then meaningless. */
  readonly highest: number;
  /** log Σ exp(x). */
  readonly logSumExp: number;
  /** Σ p · x, the expected logit. */
  readonly mean: number;
}

/** The moments of softmax(logits) in float64, in one pass over the row (V). */
export function softmaxMoments(logits: Float32Array): SoftmaxMoments {
  const highest = highestLogit(logits);
  const { length } = logits;
  let total = 0;
  let weighted = 0;
  for (let id = 0; id < length; id++) {
    const below = logits[id]! - highest;
    const weight = expOfNegative(below);
    total += weight;
    // A removed token is infinitely far below: 0 · −∞ would be NaN.
    if (weight > 0) weighted += weight * below;
  }
  return { highest, logSumExp: highest + Math.log(total), mean: highest + weighted / total };
}
