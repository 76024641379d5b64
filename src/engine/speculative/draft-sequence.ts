import type { CachedSequence } from '../../kv-cache/cached-sequence.ts';
import type { PagedKvCache } from '../../kv-cache/paged-kv-cache.ts';
import type { SourceHold } from '../../kv-cache/source-cache.ts';

/** What a draft model has computed of a sequence: accepted tokens, and guesses that may turn out wrong. */
export class DraftSequence {
  readonly cached: CachedSequence;
  /** What the sequence attends to, if the draft model has an encoder. */
  readonly source: SourceHold | undefined;
  readonly #tokenIds: number[] = [];

  constructor(cache: PagedKvCache, source: SourceHold | undefined) {
    this.cached = cache.createSequence();
    this.source = source;
    source?.take();
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

  /** Gives its blocks back. */
  release(): void {
    this.cached.release();
    this.source?.release();
  }

  /** Takes note of tokens that a step has put into the cache. */
  computed(tokenIds: readonly number[]): void {
    for (const tokenId of tokenIds) this.#tokenIds.push(tokenId);
  }
}
