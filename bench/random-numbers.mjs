/** Whole numbers as if drawn at random, the same for the same seed: xorshift32 (Marsaglia 2003). */
export class RandomNumbers {
  #state;

  constructor(seed) {
    // Never zero, and far apart for neighbouring seeds.
    this.#state = Math.imul(seed + 1, 0x9e3779b1) | 1;
    for (let i = 0; i < 8; i++) this.#next();
  }

  /** From 0 up to, not including, 1. */
  uniform() {
    return this.#next() / 2 ** 32;
  }

  /** From `low` to `high`, both included. */
  between(low, high) {
    return low + Math.floor(this.uniform() * (high - low + 1));
  }

  #next() {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }
}
