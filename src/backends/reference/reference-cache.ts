import { CACHE_BLOCK_SIZE, type CacheBlocks, type CacheShape } from '../../backend/backend.ts';

/** The paged keys and values of one attention layer: slot `s` is token `s % 16` of block `⌊s / 16⌋`. */
export class ReferenceCache {
  readonly numBlocks: number;
  readonly kvHeads: number;
  readonly headSize: number;
  readonly keys: Float32Array; // (slots, G, D)
  readonly values: Float32Array; // (slots, G, D)

  constructor({ numBlocks, kvHeads, headSize }: CacheShape) {
    this.numBlocks = numBlocks;
    this.kvHeads = kvHeads;
    this.headSize = headSize;
    this.keys = new Float32Array(this.numSlots * this.slotLength);
    this.values = new Float32Array(this.numSlots * this.slotLength);
  }

  get numSlots(): number {
    return this.numBlocks * CACHE_BLOCK_SIZE;
  }

  /** Elements of one token's keys, and as many of its values. */
  get slotLength(): number {
    return this.kvHeads * this.headSize;
  }

  get byteLength(): number {
    return this.keys.byteLength + this.values.byteLength;
  }

  /** The keys and values of blocks that are there, (blocks, 16, G, D) each. */
  read(blocks: readonly number[]): CacheBlocks {
    const length = CACHE_BLOCK_SIZE * this.slotLength;
    const gather = (from: Float32Array) => {
      const gathered = new Float32Array(blocks.length * length);
      for (const [i, block] of blocks.entries())
        gathered.set(from.subarray(block * length, (block + 1) * length), i * length);
      return gathered;
    };
    return { keys: gather(this.keys), values: gather(this.values) };
  }

  write(blocks: readonly number[], { keys, values }: CacheBlocks): void {
    const length = CACHE_BLOCK_SIZE * this.slotLength;
    for (const [i, block] of blocks.entries()) {
      this.keys.set(keys.subarray(i * length, (i + 1) * length), block * length);
      this.values.set(values.subarray(i * length, (i + 1) * length), block * length);
    }
  }
}
