import type { LogitsFilter } from './logits-processor.ts';
import { removeBelow } from './remove-below.ts';
import { softmaxMoments } from './softmax-moments.ts';

/**
 * Epsilon sampling (Hewitt et al. 2022): removes tokens whose probability is below `epsilon`, from 0 to below 1. The
 * likeliest stay however unlikely they are, as in Hugging Face Transformers.
 */
export function epsilonCutoff(epsilon: number): LogitsFilter {
  if (!(epsilon >= 0 && epsilon < 1)) {
    throw new RangeError(`Cannot cut off unlikely tokens: epsilon is ${epsilon}, but it must be from 0 to below 1`);
  }
  const logEpsilon = Math.log(epsilon);
  return (logits) => {
    const { highest, logSumExp } = softmaxMoments(logits);
    removeBelow(logits, Math.min(highest, logSumExp + logEpsilon));
  };
}
