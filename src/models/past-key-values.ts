import type { CachedSequence } from '../kv-cache/cached-sequence.ts';
import type { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';

/** The KV cache of a batch between two calls of `forward`; it owns the cache's memory. */
export class PastKeyValues {
  readonly cache: PagedKvCache;
  readonly sequences: readonly CachedSequence[];
  #isDisposed = false;

  constructor(cache: PagedKvCache, numSequences: number) {
    this.cache = cache;
    this.sequences = Array.from({ length: numSequences }, () => cache.createSequence());
  }

  /** Tokens cached of a sequence; 0 of one that is not there. */
  length(sequence = 0): number {
    return this.sequences[sequence]?.length ?? 0;
  }

  /** Throws a `RangeError` unless `count` sequences are cached, and an `Error` once it is disposed. */
  expectSequences(count: number): void {
    if (this.#isDisposed) throw new Error('Cannot use past key values: they are disposed');
    if (count !== this.sequences.length)
      throw new RangeError(`Cannot continue: ${count} sequences of input ids, but ${this.sequences.length} are cached`);
  }

  /** Frees the cache; calling it twice is allowed. */
  dispose(): void {
    if (!this.#isDisposed) this.cache.dispose();
    this.#isDisposed = true;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
