/**
 * Where a ranking of tokens by logit, lower id first among equals, is cut: every token above `value` stays, and so do the
 * first `numEqual` of those at `value`.
 */
export interface Cut {
  readonly value: number;
  readonly numEqual: number;
}

/** Removes every token below the cut. */
export function applyCut(logits: Float32Array, { value, numEqual }: Cut): void {
  const { length } = logits;
  let equalLeft = numEqual;
  for (let id = 0; id < length; id++) {
    const logit = logits[id]!;
    if (logit > value || (logit === value && equalLeft-- > 0)) continue;
    logits[id] = Number.NEGATIVE_INFINITY;
  }
}
