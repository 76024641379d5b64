/** The largest element of a row of logits (V); −∞ if every token is removed. */
export function highestLogit(logits: Float32Array): number {
  let highest = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id]!;
    if (logit > highest) highest = logit;
  }
  return highest;
}
