/** Removes every token whose logit is below `lowest`. */
export function removeBelow(logits: Float32Array, lowest: number): void {
  const { length } = logits;
  for (let id = 0; id < length; id++) if (logits[id]! < lowest) logits[id] = Number.NEGATIVE_INFINITY;
}
