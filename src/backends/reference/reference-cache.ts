import { CACHE_BLOCK_SIZE, type CacheBlocks, type CacheShape } from '../../backend/backend.ts';
import type { CacheDType } from '../../backend/dtype.ts';
import { roundForCache } from './kernels/round-for-cache.ts';

/**
 * The paged keys and values of one attention layer: slot `s` is token `s % 16` of block `⌊s / 16⌋`. Narrow ones are rounded and
 * held in float32.
 */
export class ReferenceCache {
  readonly numBlocks: number;
  readonly kvHeads: number;
  readonly headSize: number;
  readonly dtype: CacheDType;
  readonly keys: Float32Array; // (slots, G, D)
  readonly values: Float32Array; // (slots, G, D)

  constructor({ numBlocks, kvHeads, headSize, dtype = 'float32' }: CacheShape) {
    this.numBlocks = numBlocks;
    this.kvHeads = kvHeads;
    this.headSize = headSize;
    this.dtype = dtype;
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

  /** As the cache holds them. */
  rounded(rows: Float32Array): Float32Array {
    return roundForCache(rows, this.dtype, this.headSize);
  }

  write(blocks: readonly number[], data: CacheBlocks): void {
    const [keys, values] = [this.rounded(data.keys), this.rounded(data.values)];
    const length = CACHE_BLOCK_SIZE * this.slotLength;
    for (const [i, block] of blocks.entries()) {
      this.keys.set(keys.subarray(i * length, (i + 1) * length), block * length);
      this.values.set(values.subarray(i * length, (i + 1) * length), block * length);
    }
  }
}
