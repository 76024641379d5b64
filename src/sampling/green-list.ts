import { philox4x32 } from '../base/random.ts';

/** Which tokens a watermark prefers. */
export interface GreenListSettings {
  /** Share of the vocabulary that is green, γ: above 0 and below 1. */
  readonly greenlistRatio: number;
  /** The secret: a whole number from 0 to 2⁵³ − 1. Detection needs the same. */
  readonly hashingKey: number;
  /** Whether the tokens before alone decide ('lefthash'), or the token itself too ('selfhash'). */
  readonly seedingScheme: 'lefthash' | 'selfhash';
  /** How many tokens decide: with 'lefthash' all before the token, with 'selfhash' the token itself is one of them. */
  readonly contextWidth: number;
}

/** Two words of 32 bits. */
type Words = readonly [number, number];

/**
 * The green list of a watermark (Kirchenbauer et al. 2023): a pseudorandom part of the vocabulary that depends on the tokens
 * just before. Where the paper seeds a generator and shuffles the vocabulary, a hash here says of each token by itself
 * whether it is green, with probability γ: a list need not be made to look up one token, and the count of green tokens is
 * binomial, as detection assumes. The lists are therefore not those of Hugging Face Transformers.
 *
 * 'lefthash' chains the tokens before, in order, through Philox and hashes the token with the outcome. 'selfhash' is the
 * paper's robust scheme: of the hashes of the token with each token before and with the key alone, the lowest decides, so
 * that a change to one token before seldom matters.
 */
export class GreenList {
  /** How many tokens must come before one that the list is asked about. */
  readonly numBefore: number;
  readonly #isSelfHashed: boolean;
  readonly #key: Words;
  readonly #last: Words;
  /** A hash below it is green. */
  readonly #limit: number;
  /** Two words for each hash that a token takes. */
  readonly #seeds: Uint32Array;

  /** Throws a `TypeError` for an unknown scheme and a `RangeError` for a number out of range. */
  constructor(settings: GreenListSettings) {
    checkSettings(settings);
    const { greenlistRatio, hashingKey, seedingScheme, contextWidth } = settings;
    this.#isSelfHashed = seedingScheme === 'selfhash';
    this.numBefore = this.#isSelfHashed ? contextWidth - 1 : contextWidth;
    this.#key = [hashingKey >>> 0, Math.floor(hashingKey / 2 ** 32)];
    this.#limit = greenlistRatio * 2 ** 32;
    this.#seeds = new Uint32Array(this.#isSelfHashed ? 2 * contextWidth : 2);
    this.#last = this.#words([0, 0, 0, 2]);
    if (this.#isSelfHashed) this.#seeds.set(this.#words([0, 0, 0, 1]), 2 * this.numBefore);
  }

  /** Makes it the list of the token that follows `tokenIds[0 … end)`, of which there must be at least `numBefore`. */
  follow(tokenIds: readonly number[], end: number): void {
    let chained: Words = [0, 0];
    for (let i = 0; i < this.numBefore; i++) {
      const tokenId = tokenIds[end - this.numBefore + i]!;
      chained = this.#words(this.#isSelfHashed ? [tokenId, 0, 0, 0] : [tokenId, ...chained, 0]);
      this.#seeds.set(chained, this.#isSelfHashed ? 2 * i : 0);
    }
  }

  has(tokenId: number): boolean {
    const seeds = this.#seeds;
    let lowest = hash(tokenId, seeds[0]!, seeds[1]!);
    if (!this.#isSelfHashed) return lowest < this.#limit;
    for (let i = 2; i < seeds.length; i += 2) lowest = Math.min(lowest, hash(tokenId, seeds[i]!, seeds[i + 1]!));
    // The lowest of several is not uniform; its hash is.
    return hash(lowest, this.#last[0], this.#last[1]) < this.#limit;
  }

  #words(counter: [number, number, number, number]): Words {
    const [first, second] = philox4x32(counter, [this.#key[0], this.#key[1]]);
    return [first, second];
  }
}

function checkSettings({ greenlistRatio, hashingKey, seedingScheme, contextWidth }: GreenListSettings): void {
  if (!(greenlistRatio > 0 && greenlistRatio < 1)) {
    throw new RangeError(`Cannot watermark: greenlistRatio is ${greenlistRatio}, but it must be above 0 and below 1`);
  }
  if (!(Number.isSafeInteger(hashingKey) && hashingKey >= 0)) {
    throw new RangeError(`Cannot watermark: hashingKey is ${hashingKey}, but it must be a whole number from 0`);
  }
  if (seedingScheme !== 'lefthash' && seedingScheme !== 'selfhash') {
    throw new TypeError(
      `Cannot watermark: seedingScheme is '${seedingScheme}', but it must be 'lefthash' or 'selfhash'`,
    );
  }
  if (!(Number.isInteger(contextWidth) && contextWidth >= 1)) {
    throw new RangeError(`Cannot watermark: contextWidth is ${contextWidth}, but it must be a whole number above 0`);
  }
}

/** 32 bits of a value under two words of seed, 0 to 2³² − 1: a round of MurmurHash3's finalizer (Appleby 2011) for each. */
function hash(value: number, first: number, second: number): number {
  return finalize(finalize(value ^ first) ^ second) >>> 0;
}

function finalize(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
