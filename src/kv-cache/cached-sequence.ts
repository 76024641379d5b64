import { CACHE_BLOCK_SIZE } from '../backend/backend.ts';
import type { BlockPool } from './block-pool.ts';

/** A whole block whose contents another block must get before it is written to. */
export interface BlockCopy {
  readonly from: number;
  readonly to: number;
}

/**
 * One sequence's place in a paged cache: which block holds which 16 of its tokens, and how many tokens are there. Several
 * sequences may share blocks; a block is copied before one of them writes to it.
 */
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

  /** Blocks that `append(count)` would take from the pool, the copy of a shared block included. */
  blocksToAppend(count: number): number {
    if (count === 0) return 0;
    const more = Math.ceil((this.#length + count) / CACHE_BLOCK_SIZE) - this.#blockTable.length;
    return more + (this.#sharedEnd() === undefined ? 0 : 1);
  }

  /**
   * Makes room for `count` more tokens, and gives the copy that the device must make before they are written: that of a
   * last block which is not this sequence's alone. Throws a `RangeError` and changes nothing if the pool has too few
   * blocks.
   */
  append(count: number): BlockCopy | undefined {
    const blocks = this.#pool.allocate(this.blocksToAppend(count));
    const shared = count === 0 ? undefined : this.#sharedEnd();
    const copy = shared === undefined ? undefined : this.#replaceEnd(shared, blocks.shift()!);
    this.#blockTable.push(...blocks);
    this.#length += count;
    return copy;
  }

  /** The cache slot of token `position`, which is below `length`. */
  slot(position: number): number {
    const block = this.#blockTable[Math.floor(position / CACHE_BLOCK_SIZE)]!;
    return block * CACHE_BLOCK_SIZE + (position % CACHE_BLOCK_SIZE);
  }

  /** Another sequence with the same first `length` tokens (all unless given), in the same blocks. */
  fork(length = this.#length): CachedSequence {
    this.#expectLength(length, 'fork');
    const fork = new CachedSequence(this.#pool);
    fork.adopt(this.#blockTable.slice(0, Math.ceil(length / CACHE_BLOCK_SIZE)), length);
    return fork;
  }

  /** Takes a share in the blocks of `length` tokens that are in the cache already. The sequence must be empty. */
  adopt(blocks: readonly number[], length: number): void {
    if (this.#length > 0) throw new RangeError(`Cannot adopt cache blocks: the sequence has ${this.#length} tokens`);
    for (const block of blocks) this.#pool.retain(block);
    this.#blockTable.push(...blocks);
    this.#length = length;
  }

  /**
   * Forgets the tokens from `length` on and frees their blocks. Throws a `RangeError` for a length that is not there.
   */
  truncate(length: number): void {
    this.#expectLength(length, 'truncate');
    const kept = Math.ceil(length / CACHE_BLOCK_SIZE);
    // Last block first: of blocks that stay findable, the end of a text is forgotten before its beginning.
    while (this.#blockTable.length > kept) this.#pool.release(this.#blockTable.pop()!);
    this.#length = length;
  }

  /** Frees every block. */
  release(): void {
    this.truncate(0);
  }

  /** The last block, if the next token goes into it and others read it. */
  #sharedEnd(): number | undefined {
    if (this.#length % CACHE_BLOCK_SIZE === 0) return undefined;
    const block = this.#blockTable.at(-1)!;
    return this.#pool.isShared(block) ? block : undefined;
  }

  #replaceEnd(from: number, to: number): BlockCopy {
    this.#blockTable[this.#blockTable.length - 1] = to;
    this.#pool.release(from);
    return { from, to };
  }

  #expectLength(length: number, action: string): void {
    if (!(length >= 0 && length <= this.#length))
      throw new RangeError(`Cannot ${action} a sequence of ${this.#length} tokens to ${length}`);
  }
}
