/** Whoever keeps blocks findable: hears of it when the pool takes one for something else. */
export interface BlockKeeper {
  /** The block is about to be handed out again and is not kept any more. */
  evicted(block: number): void;
}

/**
 * Hands out the blocks of a paged cache by number and counts who uses each (Kwon et al. 2023). A block that several
 * sequences share is free again when the last of them has released it.
 *
 * A block whose contents are worth finding again is kept: when its last reference goes, it counts as free but stays as it
 * is until no other free block is left; then the kept one that was used longest ago goes first. Every operation takes the
 * same time, however many blocks there are.
 *
 * @example
 * const pool = new BlockPool(4);
 * const blocks = pool.allocate(3);
 * pool.numFree; // 1
 * for (const block of blocks) pool.release(block);
 */
export class BlockPool {
  readonly numBlocks: number;
  readonly #references: Int32Array;
  /** Free blocks that hold nothing of use; the last one is handed out first. */
  readonly #empty: number[];
  readonly #keepers = new Map<number, BlockKeeper>();
  /** Kept blocks without references, the one used longest ago first. */
  readonly #idle = new Set<number>();
  /** Stands before all of `#idle`: it gives only what is evicted at once. A new one would pass all gaps of evicted blocks. */
  readonly #oldest = this.#idle.values();

  constructor(numBlocks: number) {
    if (!Number.isInteger(numBlocks) || numBlocks < 0)
      throw new RangeError(`Cannot make a block pool of ${numBlocks} blocks: wanted a whole number`);
    this.numBlocks = numBlocks;
    this.#references = new Int32Array(numBlocks);
    this.#empty = Array.from({ length: numBlocks }, (_, i) => numBlocks - 1 - i);
  }

  /** Blocks that `allocate` could hand out, kept ones included. */
  get numFree(): number {
    return this.#empty.length + this.#idle.size;
  }

  /** Free blocks that hold nothing of use. */
  get numEmpty(): number {
    return this.#empty.length;
  }

  /** Kept blocks without references, the one used longest ago first. */
  get idleBlocks(): Iterable<number> {
    return this.#idle.values();
  }

  /**
   * Takes `count` free blocks, each with one reference; kept ones last. Throws a `RangeError` and takes none if there are
   * fewer.
   */
  allocate(count: number): number[] {
    if (count > this.numFree)
      throw new RangeError(`Cannot allocate ${count} blocks: ${this.numFree} of ${this.numBlocks} are free`);
    const blocks: number[] = [];
    while (blocks.length < count) blocks.push(this.#take());
    return blocks;
  }

  /** Adds a reference to a block. Throws a `RangeError` if it is neither in use nor kept. */
  retain(block: number): void {
    if (!this.#idle.delete(block)) this.#expectUsed(block, 'retain');
    this.#references[block]! += 1;
  }

  /** Drops a reference; the block is free when none is left. Throws a `RangeError` if it is not in use. */
  release(block: number): void {
    this.#expectUsed(block, 'release');
    this.#references[block]! -= 1;
    if (this.#references[block]! > 0) return;
    if (this.#keepers.has(block)) this.#idle.add(block);
    else this.#empty.push(block);
  }

  /** Keeps a block from now on, for `keeper`. Throws a `RangeError` if it is not in use, or kept already. */
  keep(block: number, keeper: BlockKeeper): void {
    this.#expectUsed(block, 'keep');
    if (this.#keepers.has(block)) throw new RangeError(`Cannot keep block ${block}: it is kept already`);
    this.#keepers.set(block, keeper);
  }

  /** Keeps a block no longer: it is free when nobody uses it, as any other. Throws a `RangeError` if it is not kept. */
  forget(block: number): void {
    if (!this.#keepers.delete(block)) throw new RangeError(`Cannot forget block ${block}: it is not kept`);
    if (this.#idle.delete(block)) this.#empty.push(block);
  }

  /** Counts a kept block as used just now. */
  touch(block: number): void {
    if (this.#idle.delete(block)) this.#idle.add(block);
  }

  /** Whether writing to the block could change what others read: several sequences use it, or it is kept. */
  isShared(block: number): boolean {
    return this.#references[block]! > 1 || this.#keepers.has(block);
  }

  #take(): number {
    // A keeper may forget more blocks than the one that it loses; so `#empty` is asked again each time.
    const block = this.#empty.pop() ?? this.#evict();
    this.#references[block] = 1;
    return block;
  }

  #evict(): number {
    const block = this.#oldest.next().value!;
    const keeper = this.#keepers.get(block)!;
    this.#idle.delete(block);
    this.#keepers.delete(block);
    keeper.evicted(block);
    return block;
  }

  #expectUsed(block: number, action: string): void {
    if (!(this.#references[block]! > 0))
      throw new RangeError(`Cannot ${action} block ${block}: it is not in use (blocks 0 to ${this.numBlocks - 1})`);
  }
}
