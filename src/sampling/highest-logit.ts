/** The largest element of a row of logits (V) without NaN; −∞ if every token is removed. */
export function highestLogit(logits: Float32Array): number {
  const { length } = logits;
  // Four running maxima: the processor need not wait for one comparison before it begins the next.
  let a = Number.NEGATIVE_INFINITY;
  let b = a;
  let c = a;
  let d = a;
  let id = 0;
  for (; id + 3 < length; id += 4) {
    if (logits[id]! > a) a = logits[id]!;
    if (logits[id + 1]! > b) b = logits[id + 1]!;
    if (logits[id + 2]! > c) c = logits[id + 2]!;
    if (logits[id + 3]! > d) d = logits[id + 3]!;
  }
  for (; id < length; id++) if (logits[id]! > a) a = logits[id]!;
  return Math.max(a, b, c, d);
}
