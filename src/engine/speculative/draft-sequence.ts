import type { CachedSequence } from '../../kv-cache/cached-sequence.ts';
import type { PagedKvCache } from '../../kv-cache/paged-kv-cache.ts';

/** What a draft model has computed of a sequence: accepted tokens, and guesses that may turn out wrong. */
export class DraftSequence {
  readonly cached: CachedSequence;
  readonly #tokenIds: number[] = [];

  constructor(cache: PagedKvCache) {
    this.cached = cache.createSequence();
  }

  /** Tokens that are in the cache. */
  get numComputed(): number {
    return this.#tokenIds.length;
  }

  /** Forgets what is not the beginning of `tokenIds`, and the last of these, whose logits are wanted. */
  follow(tokenIds: readonly number[]): void {
    const most = Math.min(this.#tokenIds.length, tokenIds.length - 1);
    let length = 0;
    while (length < most && this.#tokenIds[length] === tokenIds[length]) length += 1;
    this.cached.truncate(length);
    this.#tokenIds.length = length;
  }

  /** Takes note of tokens that a step has put into the cache. */
  computed(tokenIds: readonly number[]): void {
    for (const tokenId of tokenIds) this.#tokenIds.push(tokenId);
  }
}
