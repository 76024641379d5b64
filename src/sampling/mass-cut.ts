import type { Cut } from './cut.ts';
import { expOfNegative } from './exp.ts';
import { highestLogit } from './highest-logit.ts';

const NUM_BINS = 512;
const FEW = 64;

/**
 * The cut that keeps the fewest tokens, highest first, whose probabilities add up to at least `mass` (below 1) of the whole.
 *
 * There is no sort of the vocabulary. A token less likely than (1 − mass) / V can be left out, for all such tokens together
 * hold less than 1 − mass. Of the others, a histogram of probability over equal ranges of the logit finds the range where
 * the sum crosses `mass`, and the same is done within that range until few tokens or equal ones are left.
 */
export function massCut(logits: Float32Array, mass: number): Cut {
  const highest = highestLogit(logits);
  const total = sumOfWeights(logits, highest);
  const weightOf = (id: number): number => expOfNegative(logits[id]! - highest);
  let ids = idsFrom(logits, highest - Math.log(logits.length / ((1 - mass) * total)));
  let wanted = mass * total;
  for (;;) {
    const range = rangeOf(logits, ids);
    if (ids.length <= FEW || range.highest === range.lowest) return cutWithin(logits, ids, weightOf, wanted);
    // Highest and lowest are in the first and the last bin, so that fewer ids are left every time.
    const scale = NUM_BINS / (range.highest - range.lowest);
    const binOf = (id: number): number => Math.min(NUM_BINS - 1, Math.floor((range.highest - logits[id]!) * scale));
    const binMass = new Float64Array(NUM_BINS);
    for (const id of ids) binMass[binOf(id)]! += weightOf(id);
    const { bin, massBefore } = crossing(binMass, wanted);
    ids = ids.filter((id) => binOf(id) === bin);
    wanted -= massBefore;
  }
}

/** The sum of all probabilities over that of the likeliest token. */
function sumOfWeights(logits: Float32Array, highest: number): number {
  const { length } = logits;
  let sum = 0;
  for (let id = 0; id < length; id++) sum += expOfNegative(logits[id]! - highest);
  return sum;
}

/** Ids of the tokens that are not removed and whose logit is at least `lowest`. */
function idsFrom(logits: Float32Array, lowest: number): readonly number[] {
  const { length } = logits;
  const ids: number[] = [];
  for (let id = 0; id < length; id++) {
    const logit = logits[id]!;
    if (logit >= lowest && logit > Number.NEGATIVE_INFINITY) ids.push(id);
  }
  return ids;
}

function rangeOf(logits: Float32Array, ids: readonly number[]): { highest: number; lowest: number } {
  let highest = Number.NEGATIVE_INFINITY;
  let lowest = Number.POSITIVE_INFINITY;
  for (const id of ids) {
    const logit = logits[id]!;
    if (logit > highest) highest = logit;
    if (logit < lowest) lowest = logit;
  }
  return { highest, lowest };
}

/** The bin in which the sum reaches `wanted`: the last one, which is never empty, if rounding keeps it from that. */
function crossing(binMass: Float64Array, wanted: number): { bin: number; massBefore: number } {
  let massBefore = 0;
  for (let bin = 0; bin < NUM_BINS - 1; bin++) {
    if (massBefore + binMass[bin]! >= wanted) return { bin, massBefore };
    massBefore += binMass[bin]!;
  }
  return { bin: NUM_BINS - 1, massBefore };
}

function cutWithin(
  logits: Float32Array,
  ids: readonly number[],
  weightOf: (id: number) => number,
  wanted: number,
): Cut {
  const ranked = [...ids].sort((a, b) => logits[b]! - logits[a]! || a - b);
  let value = Number.POSITIVE_INFINITY;
  let numEqual = 0;
  let sum = 0;
  for (const id of ranked) {
    numEqual = logits[id] === value ? numEqual + 1 : 1;
    value = logits[id]!;
    sum += weightOf(id);
    if (sum >= wanted) break;
  }
  return { value, numEqual };
}
