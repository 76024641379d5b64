import { expOfNegative } from './exp.ts';
import { highestLogit } from './highest-logit.ts';

/** log Σ exp(x) of a row of logits (V) without NaN, in float64; −∞ if every token is removed. */
export function logSumExp(logits: Float32Array): number {
  const highest = highestLogit(logits);
  if (highest === Number.NEGATIVE_INFINITY) return highest;
  const { length } = logits;
  // Two running sums: the processor need not wait for one addition before it begins the next.
  let a = 0;
  let b = 0;
  let id = 0;
  for (; id + 1 < length; id += 2) {
    a += expOfNegative(logits[id]! - highest);
    b += expOfNegative(logits[id + 1]! - highest);
  }
  if (id < length) a += expOfNegative(logits[id]! - highest);
  return highest + Math.log(a + b);
}
