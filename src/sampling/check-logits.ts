/**
 * Throws a `RangeError` if a row of raw logits (V) has NaN, +∞, or nothing but −∞. `position` is the index of the token that
 * would be chosen from the row.
 */
export function checkLogits(logits: Float32Array, position: number): void {
  let highest = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id]!;
    if (!(logit < Number.POSITIVE_INFINITY)) {
      throw new RangeError(
        `Cannot choose the token at position ${position}: the logit of token ${id} is ${logit}, but it must be finite`,
      );
    }
    if (logit > highest) highest = logit;
  }
  if (highest === Number.NEGATIVE_INFINITY) {
    throw new RangeError(
      `Cannot choose the token at position ${position}: all ${logits.length} logits are -Infinity, but one must be finite`,
    );
  }
}
