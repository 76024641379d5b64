/**
 * Hands out the blocks of a paged cache by number and counts who uses each (Kwon et al. 2023). A block that several
 * sequences share is free again when the last of them has released it.
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
  /** Free blocks; the last one is handed out first. */
  readonly #free: number[];

  constructor(numBlocks: number) {
    if (!Number.isInteger(numBlocks) || numBlocks < 0)
      throw new RangeError(`Cannot make a block pool of ${numBlocks} blocks: wanted a whole number`);
    this.numBlocks = numBlocks;
    this.#references = new Int32Array(numBlocks);
    this.#free = Array.from({ length: numBlocks }, (_, i) => numBlocks - 1 - i);
  }

  get numFree(): number {
    return this.#free.length;
  }

  /** Takes `count` free blocks, each with one reference. Throws a `RangeError` and takes none if there are fewer. */
  allocate(count: number): number[] {
    if (count > this.#free.length)
      throw new RangeError(`Cannot allocate ${count} blocks: ${this.#free.length} of ${this.numBlocks} are free`);
    const blocks = this.#free.splice(this.#free.length - count, count).reverse();
    for (const block of blocks) this.#references[block] = 1;
    return blocks;
  }

  /** Adds a reference to a block. Throws a `RangeError` if it is not in use. */
  retain(block: number): void {
    this.#expectUsed(block, 'retain');
    this.#references[block]! += 1;
  }

  /** Drops a reference; the block is free when none is left. Throws a `RangeError` if it is not in use. */
  release(block: number): void {
    this.#expectUsed(block, 'release');
    this.#references[block]! -= 1;
    if (this.#references[block] === 0) this.#free.push(block);
  }

  /** Whether more than one sequence uses a block. */
  isShared(block: number): boolean {
    return this.#references[block]! > 1;
  }

  #expectUsed(block: number, action: string): void {
    if (!(this.#references[block]! > 0))
      throw new RangeError(`Cannot ${action} block ${block}: it is not in use (blocks 0 to ${this.numBlocks - 1})`);
  }
}
