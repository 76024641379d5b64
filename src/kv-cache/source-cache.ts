import type { BlockPool } from './block-pool.ts';
import { CachedSequence } from './cached-sequence.ts';

/**
 * A source of an encoder-decoder model in the cache: what the decoder's layers attend to of it, in blocks that are written once.
 * It is encoded whole, so it is there or not.
 */
export class CachedSource {
  /** See `SourceHold.key`. */
  readonly key: string;
  readonly tokenIds: readonly number[];
  /** Its blocks; empty as long as it is not encoded. */
  readonly sequence: CachedSequence;
  /** Those who use it at the moment. */
  readonly holders = new Set<SourceHold>();

  constructor(pool: BlockPool, { key, tokenIds }: SourceHold) {
    this.key = key;
    this.tokenIds = tokenIds;
    this.sequence = new CachedSequence(pool);
  }

  get isEncoded(): boolean {
    return this.sequence.length > 0;
  }

  get isHeld(): boolean {
    return this.holders.size > 0;
  }
}

/** What one user has of a source: nothing, or a share in its blocks while it is taken. */
export class SourceHold {
  readonly tokenIds: readonly number[];
  /** The tokens and what sets them apart, as one text: equal for sources that have the same encoding, and for no others. */
  readonly key: string;
  readonly #cache: SourceCache;
  readonly #isShared: boolean;
  #source: CachedSource | undefined;

  constructor(cache: SourceCache, tokenIds: readonly number[], options: { namespace: string; isShared: boolean }) {
    this.#cache = cache;
    this.tokenIds = tokenIds;
    this.key = `${options.namespace} source ${tokenIds.join(' ')}`;
    this.#isShared = options.isShared;
  }

  /** Undefined while it is not taken. */
  get source(): CachedSource | undefined {
    return this.#source;
  }

  get isEncoded(): boolean {
    return this.#source?.isEncoded ?? false;
  }

  /** Takes the source, which may be encoded already: others use it, or it has been kept. */
  take(): CachedSource {
    this.#source ??= this.#isShared ? this.#cache.find(this) : this.#cache.create(this);
    this.#source.holders.add(this);
    return this.#source;
  }

  /** Lets go of it: without other users its blocks are free, and stay findable until they are needed. */
  release(): void {
    const source = this.#source;
    this.#source = undefined;
    source?.holders.delete(this);
    if (source !== undefined && !source.isHeld) this.#cache.abandon(source);
  }
}

/** What a source cache has done, in tokens of sources. */
export interface SourceCacheStatistics {
  /** Sources that can be found now. */
  readonly numSources: number;
  /** Sources that the pool has taken the blocks of. */
  readonly evictions: number;
}

/**
 * The sources in a paged cache, found again by their tokens. Whoever asks for a source that others use shares it, even before
 * it is encoded; one that nobody uses stays in its blocks until the pool needs them, the one used longest ago first. An encoder
 * looks at all of a source, so only a whole one is ever the same.
 *
 * @example
 * const sources = new SourceCache(cache.pool);
 * const hold = sources.open([17, 4, 2]);
 * const source = hold.take();
 * if (!source.isEncoded) model.encode(cache, [source]);
 * sources.keep(source);
 * hold.release();
 */
export class SourceCache {
  readonly #pool: BlockPool;
  readonly #keeps: boolean;
  /** Shared sources that somebody uses, by key. */
  readonly #used = new Map<string, CachedSource>();
  /** Blocks of the sources that can be found, by key. */
  readonly #kept = new Map<string, readonly number[]>();
  readonly #keyOfBlock = new Map<number, string>();
  readonly #keeper = { evicted: (block: number) => this.#evicted(block) };
  #evictions = 0;

  /** Without `keeps`, a source that nobody uses is forgotten at once. */
  constructor(pool: BlockPool, { keeps = true }: { readonly keeps?: boolean } = {}) {
    this.#pool = pool;
    this.#keeps = keeps;
  }

  get statistics(): SourceCacheStatistics {
    return { numSources: this.#kept.size, evictions: this.#evictions };
  }

  /**
   * What a user will have of a source; nothing is taken yet. A namespace sets apart what is encoded otherwise: adapters. Without
   * `isShared` it is encoded for this user alone.
   */
  open(tokenIds: readonly number[], options: { namespace?: string; isShared?: boolean } = {}): SourceHold {
    const { namespace = '', isShared = true } = options;
    return new SourceHold(this, tokenIds, { namespace, isShared });
  }

  /** A source of a hold's own. */
  create(hold: SourceHold): CachedSource {
    return new CachedSource(this.#pool, hold);
  }

  /** The source that all holds of one key share. */
  find(hold: SourceHold): CachedSource {
    const used = this.#used.get(hold.key);
    if (used !== undefined) return used;
    const source = this.create(hold);
    this.#used.set(hold.key, source);
    const blocks = this.#kept.get(hold.key);
    if (blocks !== undefined) source.sequence.adopt(blocks, hold.tokenIds.length);
    return source;
  }

  /** Makes an encoded source findable, if it is shared. */
  keep(source: CachedSource): void {
    const { key, isEncoded } = source;
    if (!this.#keeps || !isEncoded || this.#used.get(key) !== source || this.#kept.has(key)) return;
    const { blockTable } = source.sequence;
    for (const block of blockTable) {
      this.#pool.keep(block, this.#keeper);
      this.#keyOfBlock.set(block, key);
    }
    this.#kept.set(key, [...blockTable]);
  }

  /** Nobody uses a source any more. */
  abandon(source: CachedSource): void {
    if (this.#used.get(source.key) === source) this.#used.delete(source.key);
    source.sequence.release();
  }

  /** The pool takes a block: the rest of its source is of no use. */
  #evicted(block: number): void {
    const key = this.#keyOfBlock.get(block)!;
    for (const kept of this.#kept.get(key)!) {
      this.#keyOfBlock.delete(kept);
      if (kept !== block) this.#pool.forget(kept);
    }
    this.#kept.delete(key);
    this.#evictions += 1;
  }
}
