import type { Cut } from './cut.ts';

const NUM_BINS = 512;
const FEW = 64;

/**
 * The cut that keeps the fewest tokens, highest first, whose probabilities add up to at least `mass` of the whole. Instead
 * of a sort of the vocabulary, a histogram of probability over equal ranges of the logit finds the range where the sum
 * crosses `mass`; the same is then done within that range until few tokens or equal ones are left.
 */
export class MassCutter {
  readonly #binMass = new Float64Array(NUM_BINS);
  #ids = new Int32Array(0);
  #weights = new Float64Array(0);

  cut(logits: Float32Array, mass: number): Cut {
    let range = this.#gather(logits);
    let wanted = mass * this.#weigh(logits, range);
    while (range.count > FEW && range.highest > range.lowest) {
      const { bin, massBefore } = this.#crossingBin(logits, range, wanted);
      wanted -= massBefore;
      range = this.#narrow(logits, range, bin);
    }
    return this.#cutWithin(logits, range, wanted);
  }

  /** Lists the tokens that are not removed. */
  #gather(logits: Float32Array): Range {
    if (this.#ids.length < logits.length) {
      this.#ids = new Int32Array(logits.length);
      this.#weights = new Float64Array(logits.length);
    }
    const ids = this.#ids;
    let count = 0;
    let highest = Number.NEGATIVE_INFINITY;
    let lowest = Number.POSITIVE_INFINITY;
    for (let id = 0; id < logits.length; id++) {
      const logit = logits[id]!;
      if (logit === Number.NEGATIVE_INFINITY) continue;
      ids[count++] = id;
      if (logit > highest) highest = logit;
      if (logit < lowest) lowest = logit;
    }
    return { count, highest, lowest };
  }

  /** Probabilities times an unknown constant; returns their sum. */
  #weigh(logits: Float32Array, { count, highest }: Range): number {
    const ids = this.#ids;
    const weights = this.#weights;
    let total = 0;
    for (let i = 0; i < count; i++) {
      const weight = Math.exp(logits[ids[i]!]! - highest);
      weights[i] = weight;
      total += weight;
    }
    return total;
  }

  #crossingBin(logits: Float32Array, range: Range, wanted: number): { bin: number; massBefore: number } {
    const ids = this.#ids;
    const weights = this.#weights;
    const binMass = this.#binMass.fill(0);
    const scale = NUM_BINS / (range.highest - range.lowest);
    for (let i = 0; i < range.count; i++) binMass[binOf(logits[ids[i]!]!, range.highest, scale)]! += weights[i]!;
    let massBefore = 0;
    for (let bin = 0; bin < NUM_BINS - 1; bin++) {
      if (massBefore + binMass[bin]! >= wanted) return { bin, massBefore };
      massBefore += binMass[bin]!;
    }
    // The bin of the lowest logit is never empty, so rounding cannot leave us with no token to cut at.
    return { bin: NUM_BINS - 1, massBefore };
  }

  /** Keeps the tokens of one bin. Both ends of the range sit in bins of their own, so the range shrinks every time. */
  #narrow(logits: Float32Array, range: Range, bin: number): Range {
    const ids = this.#ids;
    const weights = this.#weights;
    const scale = NUM_BINS / (range.highest - range.lowest);
    let count = 0;
    let highest = Number.NEGATIVE_INFINITY;
    let lowest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < range.count; i++) {
      const logit = logits[ids[i]!]!;
      if (binOf(logit, range.highest, scale) !== bin) continue;
      ids[count] = ids[i]!;
      weights[count++] = weights[i]!;
      if (logit > highest) highest = logit;
      if (logit < lowest) lowest = logit;
    }
    return { count, highest, lowest };
  }

  #cutWithin(logits: Float32Array, { count, highest, lowest }: Range, wanted: number): Cut {
    const weights = this.#weights;
    if (highest === lowest) {
      const numEqual = Math.ceil(wanted / weights[0]!);
      return { value: highest, numEqual: Math.min(count, Math.max(1, numEqual)) };
    }
    const order = Array.from({ length: count }, (_, i) => i);
    const logitAt = (i: number): number => logits[this.#ids[i]!]!;
    order.sort((a, b) => logitAt(b) - logitAt(a) || a - b);
    let sum = 0;
    let value = highest;
    let numEqual = 0;
    for (const i of order) {
      numEqual = logitAt(i) === value ? numEqual + 1 : 1;
      value = logitAt(i);
      sum += weights[i]!;
      if (sum >= wanted) break;
    }
    return { value, numEqual };
  }
}

/** Tokens listed in the scratch arrays, in ascending order of id, and the ends of their logits. */
interface Range {
  readonly count: number;
  readonly highest: number;
  readonly lowest: number;
}

function binOf(logit: number, highest: number, scale: number): number {
  return Math.min(NUM_BINS - 1, Math.floor((highest - logit) * scale));
}
