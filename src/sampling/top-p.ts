import { applyCut } from './cut.ts';
import type { LogitsFilter } from './logits-processor.ts';
import { massCut } from './mass-cut.ts';

/**
 * Nucleus sampling (Holtzman et al. 2020): keeps the fewest tokens, highest first, whose probabilities add up to at least
 * `p`; of equals the lower ids come first. At least one token stays.
 */
export function topP(p: number): LogitsFilter {
  if (!(p > 0 && p <= 1)) {
    throw new RangeError(`Cannot keep the likeliest tokens: p is ${p}, but it must be above 0 and at most 1`);
  }
  return (logits) => {
    if (p < 1) applyCut(logits, massCut(logits, p));
  };
}
