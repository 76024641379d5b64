import type { Cut } from './cut.ts';
import { expOfNegative } from './exp.ts';
import { highestLogit } from './highest-logit.ts';

const NUM_BINS = 1024;
const BINS_PER_UNIT = 32;
const FEW = 64;

/**
 * The cut that keeps the fewest tokens, highest first, whose probabilities add up to at least `mass` of the whole. Instead
 * of a sort of the vocabulary, a histogram of probability over equal ranges of the logit finds the range where the sum
 * crosses `mass`; the same is then done within that range until few tokens or equal ones are left.
 */
export function massCut(logits: Float32Array, mass: number): Cut {
  const highest = highestLogit(logits);
  const { binMass, total } = histogramOfRow(logits, highest);
  let { bin, left } = crossing(binMass, mass * total);
  let ids = idsInBin(logits, highest, bin);
  let range = rangeOf(logits, ids);
  while (ids.length > FEW && range.highest > range.lowest) {
    const scale = NUM_BINS / (range.highest - range.lowest);
    const binOf = (id: number): number => binAt((range.highest - logits[id]!) * scale);
    binMass.fill(0);
    for (const id of ids) binMass[binOf(id)]! += expOfNegative(logits[id]! - highest);
    ({ bin, left } = crossing(binMass, left));
    // Highest and lowest are in the first and the last bin, so that fewer ids are left every time.
    ids = ids.filter((id) => binOf(id) === bin);
    range = rangeOf(logits, ids);
  }
  return cutWithin(logits, ids, (id) => expOfNegative(logits[id]! - highest), left);
}

/** Probabilities times an unknown constant, by distance from the highest logit; what is far below shares the last bin. */
function histogramOfRow(logits: Float32Array, highest: number): { binMass: Float64Array; total: number } {
  const { length } = logits;
  const binMass = new Float64Array(NUM_BINS);
  let total = 0;
  for (let id = 0; id < length; id++) {
    const distance = highest - logits[id]!;
    const weight = expOfNegative(-distance);
    binMass[binAt(distance * BINS_PER_UNIT)]! += weight;
    total += weight;
  }
  return { binMass, total };
}

function binAt(position: number): number {
  return position < NUM_BINS ? Math.floor(position) : NUM_BINS - 1;
}

/** The bin in which the sum reaches `wanted`, and what is left to reach in it. */
function crossing(binMass: Float64Array, wanted: number): { bin: number; left: number } {
  let left = wanted;
  let lastFilled = { bin: 0, left };
  for (let bin = 0; bin < NUM_BINS; bin++) {
    if (binMass[bin] === 0) continue;
    lastFilled = { bin, left };
    if (binMass[bin]! >= left) break;
    left -= binMass[bin]!;
  }
  return lastFilled;
}

/** Removed tokens are at a distance of ∞ and in no bin. */
function idsInBin(logits: Float32Array, highest: number, bin: number): number[] {
  const { length } = logits;
  const ids: number[] = [];
  for (let id = 0; id < length; id++) {
    const distance = highest - logits[id]!;
    if (binAt(distance * BINS_PER_UNIT) === bin && distance < Number.POSITIVE_INFINITY) ids.push(id);
  }
  return ids;
}

function rangeOf(logits: Float32Array, ids: readonly number[]): { highest: number; lowest: number } {
  let highest = Number.NEGATIVE_INFINITY;
  let lowest = Number.POSITIVE_INFINITY;
  for (const id of ids) {
    highest = Math.max(highest, logits[id]!);
    lowest = Math.min(lowest, logits[id]!);
  }
  return { highest, lowest };
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
  let left = wanted;
  for (const id of ranked) {
    numEqual = logits[id] === value ? numEqual + 1 : 1;
    value = logits[id]!;
    left -= weightOf(id);
    if (left <= 0) break;
  }
  return { value, numEqual };
}
