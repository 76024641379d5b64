import { philox } from '../base/random.ts';

const NUM_ROUNDS = 6;
const MAX_SIZE = 2 ** 32;

/**
 * An order of the numbers from 0 to below `size`, another one for each seed, position and lane, that takes no memory: a
 * Feistel network (Luby and Rackoff 1988) over the next power of four, walked until it comes back below `size` (Black and
 * Rogaway 2002). The keys of its rounds are drawn by the counter-based generator.
 */
export class Permutation {
  readonly size: number;
  readonly #keys: readonly number[];
  readonly #halfBits: number;

  constructor(size: number, seed: number, position: number, lane: number) {
    if (!Number.isSafeInteger(size) || size < 1 || size > MAX_SIZE)
      throw new RangeError(`Cannot order ${size} things: wanted a whole number from 1 to ${MAX_SIZE}`);
    this.size = size;
    this.#halfBits = Math.max(1, Math.ceil(Math.log2(size) / 2));
    const rounds = [0, 1].flatMap((i) => philox(seed, position, 2 * lane + i));
    this.#keys = rounds.slice(0, NUM_ROUNDS);
  }

  /** The number at place `index` of the order. */
  at(index: number): number {
    let number = index;
    do number = this.#encrypt(number);
    while (number >= this.size);
    return number;
  }

  #encrypt(number: number): number {
    const half = this.#halfBits;
    const mask = 2 ** half - 1;
    let [left, right] = [(number >>> half) & mask, number & mask];
    for (const key of this.#keys) [left, right] = [right, left ^ (scramble(right ^ key) & mask)];
    return ((left << half) | right) >>> 0;
  }
}

/** The finalizer of MurmurHash3 (Appleby 2011): every bit of 32 depends on every other. */
function scramble(word: number): number {
  let bits = word;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
