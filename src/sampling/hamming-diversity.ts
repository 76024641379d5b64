/**
 * The Hamming diversity of diverse beam search (Vijayakumar et al. 2018): lowers the scores (V) of one beam group, in place,
 * by `penalty` times the number of beams of the groups before it that chose the token at this step. A negative penalty would
 * make the groups alike. Throws a `RangeError` unless the penalty is finite and at least 0.
 */
export function hammingDiversity(scores: Float32Array, chosenByOthers: readonly number[], penalty: number): void {
  if (!(penalty >= 0 && penalty < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`Cannot diversify beams: the penalty is ${penalty}, but it must be finite and at least 0`);
  }
  for (const id of chosenByOthers) scores[id]! -= penalty;
}
