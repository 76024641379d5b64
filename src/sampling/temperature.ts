import { highestLogit } from './highest-logit.ts';
import type { LogitsFilter } from './logits-processor.ts';

/**
 * Divides the logits by a temperature above 0 (Ackley et al. 1985): (x − max x) / T. The row is shifted so that its highest
 * logit is 0, which changes no probability and keeps every quotient below +∞; as T → 0 all but the highest logits go to −∞,
 * so the distribution goes to the greedy choice. With `isShifted` false it is x / T: for scores that are added up and
 * compared with those of other rows.
 */
export function temperature(value: number, { isShifted = true } = {}): LogitsFilter {
  if (!(value > 0 && value < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`Cannot scale logits: temperature is ${value}, but it must be finite and above 0`);
  }
  return (logits) => {
    const highest = highestLogit(logits);
    if (highest === Number.NEGATIVE_INFINITY) return;
    const zero = isShifted ? highest : 0;
    const { length } = logits;
    for (let id = 0; id < length; id++) logits[id] = (logits[id]! - zero) / value;
  };
}
