import { applyCut } from './cut.ts';
import type { LogitsFilter } from './logits-processor.ts';
import { rankCut } from './rank-cut.ts';

/**
 * Keeps the `k` highest logits (Fan et al. 2018), exactly k of them: of equals at the edge the lower ids stay, where Hugging
 * Face Transformers keeps all.
 */
export function topK(k: number): LogitsFilter {
  if (!(Number.isInteger(k) && k >= 1)) {
    throw new RangeError(`Cannot keep the highest logits: k is ${k}, but it must be a whole number above 0`);
  }
  return (logits) => {
    if (k < logits.length) applyCut(logits, rankCut(logits, k));
  };
}
