import { CACHE_BLOCK_SIZE } from '../backend/backend.ts';
import type { BlockPool } from './block-pool.ts';
import { chainedHash, textHash } from './prefix-hash.ts';

/** A full block that can be found again. */
export interface PrefixBlock {
  readonly block: number;
  /** Its 16 tokens. */
  readonly tokenIds: readonly number[];
  /** The block of the 16 tokens before; the namespace, if there are none. */
  readonly parent: PrefixBlock | string;
}

/** What a prefix cache holds and has done, in blocks. */
export interface PrefixCacheStatistics {
  /** Blocks that can be found now. */
  readonly numBlocks: number;
  /** Blocks that were asked for, and those of them that were found. */
  readonly queries: number;
  readonly hits: number;
  /** Blocks that were forgotten because the pool handed out them, or one that they follow. */
  readonly evictions: number;
}

/**
 * How far the blocks of one sequence are in a prefix cache, so that each step looks at new blocks only. A namespace sets
 * apart what must not be mixed: models, adapters.
 */
export class PrefixCursor {
  readonly namespace: string;
  /** What holds the first tokens of the sequence in the prefix cache: its own blocks, or others with the same tokens. */
  blocks: readonly PrefixBlock[] = [];

  constructor(namespace: string) {
    this.namespace = namespace;
  }

  /** The cursor of another sequence that begins with the same tokens. */
  fork(): PrefixCursor {
    const fork = new PrefixCursor(this.namespace);
    fork.blocks = this.blocks;
    return fork;
  }
}

type HashOfChain = (parentHash: number, tokenIds: readonly number[], start: number, end: number) => number;

interface KeptBlock extends PrefixBlock {
  readonly hash: number;
  /** Blocks whose parent it is. */
  readonly children: Set<KeptBlock>;
}

/**
 * Finds full blocks of a paged cache again by the tokens that they hold and all tokens before these. A hash chained from
 * block to block leads to candidates (Kwon et al. 2023, and vLLM after them); tokens and parent are then compared, so that
 * no collision gives a wrong block. Its blocks are kept in the pool: they stay when nobody uses them, until the pool needs
 * them.
 *
 * Invariant: the parent of a block that can be found can be found. A sequence uses the whole chain of its blocks and
 * releases the last first, so the pool evicts a child before its parent. Where a sequence goes on from blocks that it
 * computed a second time, its chain passes through the first ones, which it does not hold; if one of these is evicted,
 * what follows it is forgotten with it.
 *
 * @example
 * const prefixes = new PrefixCache(cache.pool);
 * const cursor = new PrefixCursor('llama');
 * prefixes.insert(cursor, tokenIds, sequence.blockTable, sequence.length); // after each step
 * const blocks = prefixes.match(promptIds, { namespace: 'llama', maxTokens: promptIds.length - 1 });
 * other.adopt(blocks, 16 * blocks.length);
 */
export class PrefixCache {
  readonly #pool: BlockPool;
  readonly #hash: HashOfChain;
  readonly #byHash = new Map<number, KeptBlock[]>();
  /** In the order of insertion, so parents come before their children. */
  readonly #byBlock = new Map<number, KeptBlock>();
  readonly #keeper = { evicted: (block: number) => this.#evicted(block) };
  #queries = 0;
  #hits = 0;
  #evictions = 0;

  /** The results do not depend on the hash, only the time does. */
  constructor(pool: BlockPool, hash: HashOfChain = chainedHash) {
    this.#pool = pool;
    this.#hash = hash;
  }

  get statistics(): PrefixCacheStatistics {
    return { numBlocks: this.#byBlock.size, queries: this.#queries, hits: this.#hits, evictions: this.#evictions };
  }

  /**
   * The blocks of the first tokens, as many as can be found, for at most `maxTokens` tokens (all unless given). They count
   * as used just now, but it takes no references: adopt them before the pool is asked for blocks.
   */
  match(
    tokenIds: readonly number[],
    { namespace, maxTokens = tokenIds.length }: { readonly namespace: string; readonly maxTokens?: number | undefined },
  ): number[] {
    const numFull = numFullBlocks(tokenIds, maxTokens);
    const found: KeptBlock[] = [];
    while (found.length < numFull) {
      const parent = found.at(-1) ?? namespace;
      const next = this.#find(parent, this.#hashOf(parent, tokenIds, found.length), tokenIds, found.length);
      if (next === undefined) break;
      found.push(next);
    }
    // Last first: the end of a text is forgotten before its beginning.
    for (const { block } of found.toReversed()) this.#pool.touch(block);
    this.#queries += numFull;
    this.#hits += found.length;
    return found.map(({ block }) => block);
  }

  /**
   * Makes every full block of a sequence findable whose tokens are computed: the first `numComputed`. A block whose like
   * can be found already is left alone. The sequence must hold its blocks. Without a newly full block this takes no time;
   * with one, the sequence's tokens are compared with those that the cursor has seen, since a sequence may have gone back.
   */
  insert(cursor: PrefixCursor, tokenIds: readonly number[], blockTable: readonly number[], numComputed: number): void {
    const numFull = numFullBlocks(tokenIds, numComputed);
    if (numFull === cursor.blocks.length) return;
    const blocks = cursor.blocks.slice(0, this.#numValid(cursor.blocks, tokenIds, numFull));
    while (blocks.length < numFull)
      blocks.push(this.#findOrKeep(blocks.at(-1) ?? cursor.namespace, tokenIds, blocks.length, blockTable));
    cursor.blocks = blocks;
  }

  /**
   * Makes one block findable that holds 16 tokens after those of `parent`; gives it, or the one that is known for these
   * tokens. Throws a `RangeError` for another number of tokens, and a parent that cannot be found any more.
   */
  add(block: number, tokenIds: readonly number[], parent: PrefixBlock | string): PrefixBlock {
    if (tokenIds.length !== CACHE_BLOCK_SIZE)
      throw new RangeError(`Cannot keep block ${block}: ${tokenIds.length} tokens, wanted ${CACHE_BLOCK_SIZE}`);
    return this.#findOrKeep(parent, tokenIds, 0, [block]);
  }

  /** All blocks that can be found, parents before their children, and as far as that allows the last used first. */
  blocks(): readonly PrefixBlock[] {
    const ordered = new Set<PrefixBlock>();
    const idle = [...this.#pool.idleBlocks].flatMap((block) => this.#byBlock.get(block) ?? []).reverse();
    const isIdle = new Set<PrefixBlock>(idle);
    const inUse = [...this.#byBlock.values()].filter((kept) => !isIdle.has(kept));
    for (const kept of [...inUse, ...idle]) {
      const path: PrefixBlock[] = [];
      for (let at: PrefixBlock | string = kept; typeof at !== 'string' && !ordered.has(at); at = at.parent)
        path.push(at);
      for (const block of path.toReversed()) ordered.add(block);
    }
    return [...ordered];
  }

  /** Forgets all blocks. Sequences that go on make theirs findable again with their next full block. */
  clear(): void {
    for (const kept of [...this.#byBlock.values()]) {
      this.#remove(kept);
      this.#pool.forget(kept.block);
    }
  }

  #findOrKeep(
    parent: PrefixBlock | string,
    tokenIds: readonly number[],
    index: number,
    blockTable: readonly number[],
  ): KeptBlock {
    const hash = this.#hashOf(parent, tokenIds, index);
    const found = this.#find(parent, hash, tokenIds, index);
    if (found !== undefined) return found;
    const block = blockTable[index]!;
    this.#pool.keep(block, this.#keeper);
    const ids = tokenIds.slice(index * CACHE_BLOCK_SIZE, (index + 1) * CACHE_BLOCK_SIZE);
    const kept: KeptBlock = { block, tokenIds: ids, parent, hash, children: new Set() };
    this.#byBlock.set(block, kept);
    const sameHash = this.#byHash.get(hash);
    if (sameHash === undefined) this.#byHash.set(hash, [kept]);
    else sameHash.push(kept);
    if (typeof parent !== 'string') this.#known(parent).children.add(kept);
    return kept;
  }

  /** The block that holds `tokenIds` 16 · index … 16 · index + 15 after those of `parent`. */
  #find(parent: PrefixBlock | string, hash: number, tokenIds: readonly number[], index: number): KeptBlock | undefined {
    return this.#byHash.get(hash)?.find((kept) => kept.parent === parent && hasTokens(kept, tokenIds, index));
  }

  #hashOf(parent: PrefixBlock | string, tokenIds: readonly number[], index: number): number {
    const start = index * CACHE_BLOCK_SIZE;
    const parentHash = typeof parent === 'string' ? textHash(parent) : this.#known(parent).hash;
    return this.#hash(parentHash, tokenIds, start, start + CACHE_BLOCK_SIZE);
  }

  #known(block: PrefixBlock): KeptBlock {
    const known = this.#byBlock.get(block.block);
    if (known !== block) throw new RangeError(`Cannot go on from block ${block.block}: its tokens are forgotten`);
    return known;
  }

  /** How many of the first blocks of a cursor can still be found and hold the tokens of its sequence. */
  #numValid(blocks: readonly PrefixBlock[], tokenIds: readonly number[], numFull: number): number {
    const end = Math.min(blocks.length, numFull);
    for (let i = 0; i < end; i++) {
      const kept = blocks[i]!;
      if (this.#byBlock.get(kept.block) !== kept || !hasTokens(kept, tokenIds, i)) return i;
    }
    return end;
  }

  /** The pool takes a block: nothing that follows it can be found any more. */
  #evicted(block: number): void {
    const doomed = [this.#byBlock.get(block)!];
    for (const kept of doomed) {
      doomed.push(...kept.children);
      this.#remove(kept);
      if (kept.block !== block) this.#pool.forget(kept.block);
    }
    this.#evictions += doomed.length;
  }

  #remove(kept: KeptBlock): void {
    this.#byBlock.delete(kept.block);
    const sameHash = this.#byHash.get(kept.hash)!;
    if (sameHash.length === 1) this.#byHash.delete(kept.hash);
    else sameHash.splice(sameHash.indexOf(kept), 1);
    if (typeof kept.parent !== 'string') this.#byBlock.get(kept.parent.block)?.children.delete(kept);
  }
}

function numFullBlocks(tokenIds: readonly number[], numTokens: number): number {
  return Math.floor(Math.min(numTokens, tokenIds.length) / CACHE_BLOCK_SIZE);
}

function hasTokens(kept: PrefixBlock, tokenIds: readonly number[], index: number): boolean {
  const start = index * CACHE_BLOCK_SIZE;
  return kept.tokenIds.every((tokenId, i) => tokenId === tokenIds[start + i]);
}
