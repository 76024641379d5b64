import { CACHE_BLOCK_SIZE, type CacheShape } from '../../backend/backend.ts';

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
}
