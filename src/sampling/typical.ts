import { expOfNegative } from './exp.ts';
import type { LogitsFilter } from './logits-processor.ts';
import { softmaxMoments } from './softmax-moments.ts';

/**
 * Locally typical sampling (Meister et al. 2023): keeps the fewest tokens whose probabilities add up to at least `p`, above 0
 * and at most 1, those first whose surprise −log p(x) is nearest to the entropy of the row. Tokens at the same distance as
 * the last one are kept too, as in Hugging Face Transformers; distances are compared in float32. At least one token stays.
 */
export function typical(p: number): LogitsFilter {
  if (!(p > 0 && p <= 1)) {
    throw new RangeError(`Cannot keep typical tokens: p is ${p}, but it must be above 0 and at most 1`);
  }
  const nearest = new NearestMass();
  return (logits) => {
    if (p === 1) return;
    const { highest, logSumExp, mean } = softmaxMoments(logits);
    if (highest === Number.NEGATIVE_INFINITY) return;
    // |−log p − H| = |(logSumExp − x) − (logSumExp − mean)| = |x − mean|.
    nearest.keep(logits, { center: mean, highest, wanted: p * Math.exp(logSumExp - highest) });
  };
}

interface Mass {
  readonly center: number;
  readonly highest: number;
  /** In units of the likeliest token's probability. */
  readonly wanted: number;
}

/** Distances are not negative, so their bits are in their order: 11 bits of them, then 10, then the last 10. */
const DIGITS = [
  { shift: 20, numBins: 2048 },
  { shift: 10, numBins: 1024 },
  { shift: 0, numBins: 1024 },
];

/** Finds the distance within which enough probability lies, digit by digit: three histograms instead of a sort. */
class NearestMass {
  #distances = new Float32Array(0);
  #bits = new Uint32Array(0);
  readonly #binMass = new Float64Array(2048);

  keep(logits: Float32Array, mass: Mass): void {
    const { length } = logits;
    if (this.#distances.length < length) {
      this.#distances = new Float32Array(length);
      this.#bits = new Uint32Array(this.#distances.buffer);
    }
    const distances = this.#distances;
    for (let id = 0; id < length; id++) distances[id] = Math.abs(logits[id]! - mass.center);
    const farthest = this.#farthestBits(logits, mass);
    const bits = this.#bits;
    for (let id = 0; id < length; id++) if (bits[id]! > farthest) logits[id] = Number.NEGATIVE_INFINITY;
  }

  #farthestBits(logits: Float32Array, { highest, wanted }: Mass): number {
    let prefix = 0;
    let left = wanted;
    for (const { shift, numBins } of DIGITS) {
      this.#sumBins(logits, highest, { prefix, shift, numBins });
      const { bin, massBefore } = crossing(this.#binMass, numBins, left);
      prefix = prefix * numBins + bin;
      left -= massBefore;
    }
    return prefix;
  }

  /** Probability by the digit at `shift`, over the tokens whose digits before it are `prefix`. */
  #sumBins(logits: Float32Array, highest: number, digit: { prefix: number; shift: number; numBins: number }): void {
    const { prefix, shift, numBins } = digit;
    const { length } = logits;
    const bits = this.#bits;
    const binMass = this.#binMass;
    const first = prefix * numBins;
    binMass.fill(0);
    for (let id = 0; id < length; id++) {
      const bin = (bits[id]! >>> shift) - first;
      if (bin >= 0 && bin < numBins) binMass[bin]! += expOfNegative(logits[id]! - highest);
    }
  }
}

/** The bin in which the sum reaches `wanted`: the last one with any mass if rounding keeps it from that. */
function crossing(binMass: Float64Array, numBins: number, wanted: number): { bin: number; massBefore: number } {
  let last = { bin: 0, massBefore: 0 };
  let sum = 0;
  for (let bin = 0; bin < numBins; bin++) {
    if (binMass[bin] === 0) continue;
    last = { bin, massBefore: sum };
    sum += binMass[bin]!;
    if (sum >= wanted) break;
  }
  return last;
}
