import { uniform } from '../base/random.ts';
import { expOfNegative } from './exp.ts';
import { highestLogit } from './highest-logit.ts';

/**
 * Lanes of `uniform(seed, position, lane)` that speculation draws from: which token is drafted, whether it is accepted, and
 * what stands in its place if not. Each is used for one thing at a position, and lane 0 only where nothing was drafted, so
 * all draws that a token depends on are independent of each other and of those of the tokens before it.
 */
export const DRAFT_LANE = 16;
export const ACCEPT_LANE = 17;
const REDRAW_LANE = 18;

/** A guess at the next token. */
export interface DraftedToken {
  readonly tokenId: number;
  /** What it was drawn from (V, probabilities); left out where the guess was certain of itself: q = 1 at the token. */
  readonly distribution?: Float32Array | undefined;
}

/**
 * Speculative sampling at one position (Leviathan et al. 2023, algorithm 1; Chen et al. 2023): with p = softmax(logits), the
 * target's row (V) after its processors, and q the distribution of the guess x, accepts x with probability
 * min(1, p(x) / q(x)) and else draws from max(0, p − q), normalized. The token is then distributed as p, whatever q is.
 * Throws a `RangeError` for a row without tokens and a q of another length.
 */
export function acceptOrRedraw(
  logits: Float32Array,
  { tokenId, distribution }: DraftedToken,
  { seed, position }: { readonly seed: number; readonly position: number },
): { readonly tokenId: number; readonly isAccepted: boolean } {
  expectDistribution(logits, distribution, position);
  const highest = highestLogit(logits);
  const total = sumOfWeights(logits, highest);
  const p = expOfNegative(logits[tokenId]! - highest) / total;
  const q = distribution === undefined ? 1 : distribution[tokenId]!;
  if (uniform(seed, position, ACCEPT_LANE) * q < p) return { tokenId, isAccepted: true };
  const target = probabilities(logits, highest, total);
  const residual = target.slice();
  if (distribution === undefined) residual[tokenId] = 0;
  else subtract(residual, distribution);
  const u = uniform(seed, position, REDRAW_LANE);
  // Nothing is left where p and q are equal but for rounding; then any draw from p will do.
  return { tokenId: draw(residual, u) ?? draw(target, u)!, isAccepted: false };
}

/** The distribution softmax(logits) that `drawToken` draws from (V), to be kept beside a drafted token. */
export function distributionOf(logits: Float32Array): Float32Array {
  const highest = highestLogit(logits);
  return Float32Array.from(probabilities(logits, highest, sumOfWeights(logits, highest)));
}

function expectDistribution(logits: Float32Array, distribution: Float32Array | undefined, position: number): void {
  if (distribution !== undefined && distribution.length !== logits.length)
    throw new RangeError(
      `Cannot check the draft at position ${position}: it was drawn from ${distribution.length} tokens, wanted ${logits.length}`,
    );
  if (highestLogit(logits) === Number.NEGATIVE_INFINITY)
    throw new RangeError(
      `Cannot choose the token at position ${position}: all ${logits.length} tokens are removed, but one must be left`,
    );
}

function sumOfWeights(logits: Float32Array, highest: number): number {
  const { length } = logits;
  let sum = 0;
  for (let id = 0; id < length; id++) sum += expOfNegative(logits[id]! - highest);
  return sum;
}

function probabilities(logits: Float32Array, highest: number, total: number): Float64Array {
  const { length } = logits;
  const result = new Float64Array(length);
  for (let id = 0; id < length; id++) result[id] = expOfNegative(logits[id]! - highest) / total;
  return result;
}

function subtract(weights: Float64Array, distribution: Float32Array): void {
  const { length } = weights;
  for (let id = 0; id < length; id++) weights[id] = Math.max(0, weights[id]! - distribution[id]!);
}

/** The id at `u` (0 ≤ u < 1) of the cumulative weights; undefined if all are 0. */
function draw(weights: Float64Array, u: number): number | undefined {
  const { length } = weights;
  let total = 0;
  for (let id = 0; id < length; id++) total += weights[id]!;
  if (total === 0) return undefined;
  const target = u * total;
  let id = 0;
  // It ends: the target is below the total, which is the same sum in the same order.
  for (let sum = weights[0]!; sum <= target; sum += weights[id]!) id += 1;
  return id;
}
