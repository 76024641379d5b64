import type { ProcessorChain } from './compose-processors.ts';
import { removeInvalidValues } from './invalid-values.ts';
import type { LikeliestTokens } from './likeliest-tokens.ts';

/**
 * Throws a `RangeError` if a row of raw logits (V) has NaN, +∞, or nothing but −∞. `position` is the index of the token that
 * would be chosen from the row. If the chain that the row is for removes invalid values, this is where NaN and +∞ become
 * numbers instead, in place, so that what looks at the raw row before the chain runs sees valid ones.
 */
export function checkLogits(
  logits: Float32Array,
  position: number,
  chain?: Pick<ProcessorChain, 'removesInvalidValues'>,
): void {
  if (areFinite(logits)) return;
  if (chain?.removesInvalidValues) removeInvalidValues(logits);
  const bad = logits.findIndex((logit) => !(logit < Number.POSITIVE_INFINITY));
  if (bad >= 0) {
    throw new RangeError(
      `Cannot choose the token at position ${position}: the logit of token ${bad} is ${logits[bad]}, but it must be finite`,
    );
  }
  if (logits.every((logit) => logit === Number.NEGATIVE_INFINITY)) {
    throw new RangeError(
      `Cannot choose the token at position ${position}: all ${logits.length} logits are -Infinity, but one must be finite`,
    );
  }
}

/** `checkLogits` of a row of which only the likeliest tokens are known. */
export function checkLikeliest({ tokenIds, logits }: LikeliestTokens, position: number): void {
  const logit = logits[0]!;
  if (Number.isFinite(logit)) return;
  const problem =
    logit === Number.NEGATIVE_INFINITY
      ? 'all logits are -Infinity, but one must be finite'
      : `the logit of token ${tokenIds[0]} is ${logit}, but it must be finite`;
  throw new RangeError(`Cannot choose the token at position ${position}: ${problem}`);
}

/** Whether there are elements and all are finite: x · 0 is 0, and NaN for NaN and both infinities. */
function areFinite(logits: Float32Array): boolean {
  const { length } = logits;
  let a = 0;
  let b = 0;
  let id = 0;
  for (; id + 1 < length; id += 2) {
    a += logits[id]! * 0;
    b += logits[id + 1]! * 0;
  }
  if (id < length) a += logits[id]! * 0;
  return length > 0 && a + b === 0;
}
