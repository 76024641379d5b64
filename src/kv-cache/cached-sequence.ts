import { CACHE_BLOCK_SIZE } from '../backend/backend.ts';
import type { BlockPool } from './block-pool.ts';

/** One sequence's place in a paged cache: which block holds which 16 of its tokens, and how many tokens are there. */
export class CachedSequence {
  readonly #pool: BlockPool;
  readonly #blockTable: number[] = [];
  #length = 0;

  constructor(pool: BlockPool) {
    this.#pool = pool;
  }

  /** Tokens whose keys and values are, or are about to be, in the cache. */
  get length(): number {
    return this.#length;
  }

  /** The cache block of tokens 16·i … 16·i + 15. */
  get blockTable(): readonly number[] {
    return this.#blockTable;
  }

  /** Makes room for `count` more tokens. Throws a `RangeError` and changes nothing if the pool has too few blocks. */
  append(count: number): void {
    const wanted = Math.ceil((this.#length + count) / CACHE_BLOCK_SIZE) - this.#blockTable.length;
    if (wanted > 0) this.#blockTable.push(...this.#pool.allocate(wanted));
    this.#length += count;
  }

  /** The cache slot of token `position`, which is below `length`. */
  slot(position: number): number {
    const block = this.#blockTable[Math.floor(position / CACHE_BLOCK_SIZE)]!;
    return block * CACHE_BLOCK_SIZE + (position % CACHE_BLOCK_SIZE);
  }

  /**
   * Forgets the tokens from `length` on and frees their blocks. Throws a `RangeError` for a length that is not there.
   */
  truncate(length: number): void {
    if (!(length >= 0 && length <= this.#length))
      throw new RangeError(`Cannot truncate a sequence of ${this.#length} tokens to ${length}`);
    const kept = Math.ceil(length / CACHE_BLOCK_SIZE);
    for (const block of this.#blockTable.splice(kept)) this.#pool.release(block);
    this.#length = length;
  }

  /** Frees every block. */
  release(): void {
    this.truncate(0);
  }
}
