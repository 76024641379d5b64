import { logSumExp } from './log-sum-exp.ts';

/**
 * Classifier-free guidance (Sanchez et al. 2023): moves a row of logits (V) away from what the model says without the
 * prompt, or with a negative one. In place, row = scale · (c − u) + u of the log probabilities c of the row and u of the
 * unconditional row (V). Scale 1 leaves c, above 1 follows the prompt more. A token removed from either row is removed.
 * Throws a `RangeError` if the scale is not finite or the lengths differ.
 */
export function guide(row: Float32Array, unconditionalRow: Float32Array, scale: number): void {
  if (!Number.isFinite(scale)) throw new RangeError(`Cannot guide: the scale is ${scale}, but it must be finite`);
  const { length } = row;
  if (unconditionalRow.length !== length) {
    throw new RangeError(
      `Cannot guide: the unconditional row has ${unconditionalRow.length} logits, but ${length} are needed`,
    );
  }
  const conditional = logSumExp(row);
  const unconditional = logSumExp(unconditionalRow);
  for (let id = 0; id < length; id++) {
    const c = row[id]! - conditional;
    const u = unconditionalRow[id]! - unconditional;
    // A difference of infinities would be NaN, and one −∞ would be pushed to either infinity.
    row[id] = c + u > Number.NEGATIVE_INFINITY ? scale * (c - u) + u : Number.NEGATIVE_INFINITY;
  }
}
