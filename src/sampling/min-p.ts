import { highestLogit } from './highest-logit.ts';
import type { LogitsFilter } from './logits-processor.ts';

/**
 * Min-p sampling (Nguyen et al. 2024): removes tokens less likely than `p` times the likeliest one. In logits that is
 * x < max x + ln p.
 */
export function minP(p: number): LogitsFilter {
  if (!(p >= 0 && p <= 1)) {
    throw new RangeError(`Cannot remove unlikely tokens: p is ${p}, but it must be from 0 to 1`);
  }
  const margin = Math.log(p);
  return (logits) => {
    const lowestKept = highestLogit(logits) + margin;
    const { length } = logits;
    for (let id = 0; id < length; id++) if (logits[id]! < lowestKept) logits[id] = Number.NEGATIVE_INFINITY;
  };
}
