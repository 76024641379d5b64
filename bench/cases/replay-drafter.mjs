import { likeliestToken } from 'kvasir';
import { RandomNumbers } from '../random-numbers.mjs';

/**
 * Drafts of a wanted quality at a real cost. A small model runs for every drafted token, with a cache of its own as a draft
 * model would; then its token is replaced, with probability `rate`, by the one that the target is known to choose, and
 * otherwise by another one.
 */
export class ReplayDrafter {
  draftingMs = 0;
  numDrafted = 0;
  #model;
  #cache;
  #sequence;
  /** Tokens whose keys and values are cached. */
  #computed = [];
  #answer;
  #rate;
  #random;
  #logits;

  /** `answer` is what the target chooses after the prompt. */
  constructor(model, cache, { answer, rate, seed }) {
    this.#model = model;
    this.#cache = cache;
    this.#sequence = cache.createSequence();
    this.#answer = answer;
    this.#rate = rate;
    this.#random = new RandomNumbers(seed);
    this.#logits = new Float32Array(model.config.vocabSize);
  }

  async propose({ promptIds, tokenIds }, maxTokens) {
    const start = performance.now();
    const known = [...tokenIds];
    this.#follow(known);
    for (let i = 0; i < maxTokens; i++) {
      await this.#compute(known.slice(this.#computed.length));
      const own = likeliestToken(this.#logits);
      known.push(this.#replace(own, this.#answer[known.length - promptIds.length]));
    }
    this.draftingMs += performance.now() - start;
    this.numDrafted += maxTokens;
    return known.slice(tokenIds.length);
  }

  dispose() {
    this.#sequence.release();
  }

  /** Forgets what was guessed wrong; the last known token is to be computed. */
  #follow(known) {
    let length = 0;
    while (length < Math.min(this.#computed.length, known.length - 1) && this.#computed[length] === known[length])
      length += 1;
    this.#sequence.truncate(length);
    this.#computed.length = length;
  }

  async #compute(tokenIds) {
    const entry = { sequence: this.#sequence, tokenIds };
    await this.#model.step(this.#cache, [entry], { logits: 'last', target: this.#logits });
    this.#computed.push(...tokenIds);
  }

  #replace(own, right) {
    if (this.#random.uniform() < this.#rate) return right;
    return own === right ? (right + 1) % this.#model.config.vocabSize : own;
  }
}
