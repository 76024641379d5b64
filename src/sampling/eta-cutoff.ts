import type { LogitsFilter } from './logits-processor.ts';
import { removeBelow } from './remove-below.ts';
import { softmaxMoments } from './softmax-moments.ts';

/**
 * Eta sampling (Hewitt et al. 2022): removes tokens whose probability is below η = min(ε, √ε · exp(−H)), where H is the
 * entropy of the row in nats and `epsilon` is from 0 to below 1. The likeliest stay however unlikely they are, as in
 * Hugging Face Transformers.
 */
export function etaCutoff(epsilon: number): LogitsFilter {
  if (!(epsilon >= 0 && epsilon < 1)) {
    throw new RangeError(
      `Cannot cut off unlikely tokens: eta's epsilon is ${epsilon}, but it must be from 0 to below 1`,
    );
  }
  const logEpsilon = Math.log(epsilon);
  return (logits) => {
    const { highest, logSumExp, mean } = softmaxMoments(logits);
    const entropy = logSumExp - mean;
    const logEta = Math.min(logEpsilon, logEpsilon / 2 - entropy);
    removeBelow(logits, Math.min(highest, logSumExp + logEta));
  };
}
