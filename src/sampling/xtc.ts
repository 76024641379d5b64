import { uniform } from '../base/random.ts';
import type { LogitsProcessor } from './logits-processor.ts';
import { softmaxMoments } from './softmax-moments.ts';

export interface XtcOptions {
  /** How often it cuts at all, 0 to 1. */
  readonly probability: number;
  /** From which probability on a token is a top choice, 0 to 0.5: above that there is one at most. */
  readonly threshold: number;
  readonly seed: number;
}

/** The lane of `uniform(seed, position, lane)` that says whether a position is cut. */
const XTC_LANE = 1;

/**
 * XTC, "exclude top choices" (p-e-w 2024, text-generation-webui pull request 6335): with the given probability removes every
 * token that is at least as likely as the threshold, except the least likely of these; of equals the highest id. Where there
 * are fewer than two nothing is removed. Whether to cut is drawn from seed and position alone.
 *
 * It looks at the logits and the position only, so it may be given any tokens of a row, ids ascending.
 */
export function xtc({ probability, threshold, seed }: XtcOptions): LogitsProcessor {
  if (!(probability >= 0 && probability <= 1)) {
    throw new RangeError(`Cannot exclude top choices: the probability is ${probability}, but it must be from 0 to 1`);
  }
  if (!(threshold >= 0 && threshold <= 0.5)) {
    throw new RangeError(`Cannot exclude top choices: the threshold is ${threshold}, but it must be from 0 to 0.5`);
  }
  const logThreshold = Math.log(threshold);
  return (logits, { position }) => {
    if (uniform(seed, position, XTC_LANE) >= probability) return;
    const { highest, logSumExp } = softmaxMoments(logits);
    if (highest > Number.NEGATIVE_INFINITY) excludeTopChoices(logits, logSumExp + logThreshold);
  };
}

/** Removes the tokens whose logits are at least `lowestTop`, but not the last of them in the order of likelihood. */
function excludeTopChoices(logits: Float32Array, lowestTop: number): void {
  const { length } = logits;
  let last: number | undefined;
  for (let id = 0; id < length; id++) {
    const logit = logits[id]!;
    if (logit < lowestTop || logit === Number.NEGATIVE_INFINITY) continue;
    if (last === undefined || logit <= logits[last]!) last = id;
  }
  for (let id = 0; id < length; id++) {
    if (logits[id]! >= lowestTop && id !== last) logits[id] = Number.NEGATIVE_INFINITY;
  }
}
