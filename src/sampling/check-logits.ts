/**
 * Throws a `RangeError` if a row of raw logits (V) has NaN, +∞, or nothing but −∞. `position` is the index of the token that
 * would be chosen from the row.
 */
export function checkLogits(logits: Float32Array, position: number): void {
  if (areFinite(logits)) return;
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
