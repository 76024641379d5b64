import { type Backend, CACHE_BLOCK_SIZE, type DeviceCache, type PagedBatch } from '../backend/backend.ts';
import type { CacheDType } from '../backend/dtype.ts';
import { BlockPool } from './block-pool.ts';
import { type BlockCopy, CachedSequence } from './cached-sequence.ts';

/** What a model needs of a cache: one pair of key and value stores per layer. */
export interface KvCacheShape {
  readonly numLayers: number;
  readonly kvHeads: number;
  readonly headSize: number;
  /** What keys and values are kept in; float32 unless given. */
  readonly dtype?: CacheDType | undefined;
}

/** New tokens of one sequence, to be computed in a step. */
export interface SequenceTokens {
  readonly sequence: CachedSequence;
  readonly tokenIds: readonly number[];
}

/** Rows of a step that attend to all tokens of a cached sequence, which does not grow. */
export interface SequenceReads {
  readonly sequence: CachedSequence;
  readonly numQueries: number;
}

/** A batch as the operations take it, with a bound of its key lengths. */
export type PlannedBatch = PagedBatch & { readonly maxKeyLength: number };

/**
 * The keys and values of many sequences, in blocks of 16 tokens that any sequence may take (Kwon et al. 2023).
 *
 * @example
 * const cache = model.createCache(100);
 * const sequence = cache.createSequence();
 * const logits = await model.step(cache, [{ sequence, tokenIds: [1, 403, 407] }], { logits: 'last' }); // (V)
 * sequence.release();
 * cache.dispose();
 */
export class PagedKvCache {
  readonly pool: BlockPool;
  readonly layers: readonly DeviceCache[];
  readonly backend: Backend;
  readonly dtype: CacheDType;

  /**
   * Takes the memory of `numBlocks` blocks in every layer at once; throws the backend's error, and keeps none, if it
   * cannot.
   */
  constructor(backend: Backend, shape: KvCacheShape, numBlocks: number) {
    this.backend = backend;
    this.pool = new BlockPool(numBlocks);
    this.dtype = shape.dtype ?? 'float32';
    const layers: DeviceCache[] = [];
    try {
      const { numLayers, ...size } = shape;
      for (let i = 0; i < numLayers; i++) layers.push(backend.allocateCache({ ...size, numBlocks }));
    } catch (error) {
      for (const layer of layers) backend.release(layer);
      throw error;
    }
    this.layers = layers;
  }

  /** Blocks that hold `numTokens` tokens of one sequence. */
  static blocksFor(numTokens: number): number {
    return Math.ceil(numTokens / CACHE_BLOCK_SIZE);
  }

  /** Bytes on the device, all layers together. */
  get byteLength(): number {
    return this.layers.reduce((sum, layer) => sum + layer.byteLength, 0);
  }

  /** An empty sequence, which takes blocks as it grows. */
  createSequence(): CachedSequence {
    return new CachedSequence(this.pool);
  }

  /**
   * Makes room for the new tokens of each sequence and writes down where they go. Call inside a scope: the batch's
   * buffers belong to it. A block that others share is copied before a sequence writes to it. If the pool runs out, no
   * sequence has grown.
   */
  plan(entries: readonly SequenceTokens[]): PlannedBatch {
    this.#append(entries);
    const slots: number[] = [];
    for (const { sequence, tokenIds } of entries)
      for (let position = sequence.length - tokenIds.length; position < sequence.length; position++)
        slots.push(sequence.slot(position));
    const reads = entries.map(({ sequence, tokenIds }) => ({ sequence, numQueries: tokenIds.length }));
    return this.#batch(reads, Int32Array.from(slots));
  }

  /**
   * Writes down which sequence each row reads, for attention over sequences that are stored and do not grow: sources. Call
   * inside a scope. The batch has no slots to store to.
   */
  planReads(reads: readonly SequenceReads[]): PlannedBatch {
    return this.#batch(reads, new Int32Array(0));
  }

  /** Frees the memory of all layers. */
  dispose(): void {
    for (const layer of this.layers) this.backend.release(layer);
  }

  #batch(reads: readonly SequenceReads[], slots: Int32Array): PlannedBatch {
    const maxBlocks = Math.max(1, ...reads.map(({ sequence }) => sequence.blockTable.length));
    const queryStarts = new Int32Array(reads.length + 1);
    const keyLengths = new Int32Array(reads.length);
    const blockTables = new Int32Array(reads.length * maxBlocks);
    for (const [i, { sequence, numQueries }] of reads.entries()) {
      queryStarts[i + 1] = queryStarts[i]! + numQueries;
      keyLengths[i] = sequence.length;
      blockTables.set(sequence.blockTable, i * maxBlocks);
    }
    return {
      numTokens: queryStarts.at(-1)!,
      numSequences: reads.length,
      maxBlocks,
      maxKeyLength: Math.max(0, ...keyLengths),
      queryStarts: this.#upload(queryStarts),
      keyLengths: this.#upload(keyLengths),
      blockTables: this.#upload(blockTables),
      slots: this.#upload(slots),
    };
  }

  #append(entries: readonly SequenceTokens[]): void {
    const before = entries.map(({ sequence }) => sequence.length);
    const copies: BlockCopy[] = [];
    try {
      for (const { sequence, tokenIds } of entries) {
        const copy = sequence.append(tokenIds.length);
        if (copy !== undefined) copies.push(copy);
      }
    } catch (error) {
      for (const [i, { sequence }] of entries.entries()) sequence.truncate(before[i]!);
      throw error;
    } finally {
      // Also after an error: a sequence that has its copy keeps it.
      if (copies.length > 0) for (const layer of this.layers) this.backend.copyBlocks(layer, copies);
    }
  }

  #upload(values: Int32Array): PagedBatch['slots'] {
    const buffer = this.backend.allocate('int32', values.length);
    this.backend.write(buffer, values);
    return buffer;
  }
}
