import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BlockPool } from './block-pool.ts';
import { CachedSequence } from './cached-sequence.ts';
import { PrefixCache, PrefixCursor } from './prefix-cache.ts';
import { chainedHash } from './prefix-hash.ts';

const NUM_BLOCKS = 9;

/** The first `length` tokens of a text and its namespace, as one string: a text's strings begin with those of its parts. */
function keyOf(namespace: string, tokenIds: readonly number[], length = tokenIds.length): string {
  return `${namespace}:${tokenIds
    .slice(0, length)
    .map((tokenId) => `${tokenId},`)
    .join('')}`;
}

/** What a prefix cache does, said naively: texts that are known, each with its block and when it was last used. */
class NaivePrefixes {
  readonly known = new Map<string, { readonly block: number; idleSince: number | undefined }>();
  #now = 0;
  /** Times that an evicted block had others after it. */
  numOrphans = 0;

  longest(namespace: string, tokenIds: readonly number[], maxTokens: number): string[] {
    const found: string[] = [];
    for (let length = 16; length <= maxTokens && length <= tokenIds.length; length += 16) {
      const key = keyOf(namespace, tokenIds, length);
      if (!this.known.has(key)) break;
      found.push(key);
    }
    for (const key of found.toReversed()) {
      const text = this.known.get(key)!;
      if (text.idleSince !== undefined) text.idleSince = ++this.#now;
    }
    return found;
  }

  add(namespace: string, tokenIds: readonly number[], blockTable: readonly number[]): void {
    for (let i = 0; 16 * (i + 1) <= tokenIds.length; i++) {
      const key = keyOf(namespace, tokenIds, 16 * (i + 1));
      if (!this.known.has(key)) this.known.set(key, { block: blockTable[i]!, idleSince: undefined });
    }
  }

  /** Takes away what the pool must take to hand out `count` blocks. */
  allocate(count: number, used: ReadonlySet<number>): void {
    const idle = () => [...this.known].filter(([, { idleSince }]) => idleSince !== undefined);
    let numEmpty = NUM_BLOCKS - used.size - idle().length;
    for (let i = 0; i < count; i++, numEmpty--) {
      if (numEmpty > 0) continue;
      const [oldest] = idle().reduce((a, b) => (a[1].idleSince! < b[1].idleSince! ? a : b));
      const doomed = [...this.known].filter(([key]) => key.startsWith(oldest));
      if (doomed.length > 1) this.numOrphans += 1;
      for (const [key, { idleSince }] of doomed) {
        this.known.delete(key);
        if (idleSince !== undefined) numEmpty += 1;
      }
    }
  }

  /** Notes which blocks nobody uses any more; of one text, the end is released first. */
  observe(used: ReadonlySet<number>): void {
    const longestFirst = [...this.known].sort(([a], [b]) => b.length - a.length);
    for (const [, text] of longestFirst) {
      if (used.has(text.block)) text.idleSince = undefined;
      else text.idleSince ??= ++this.#now;
    }
  }
}

interface Member {
  readonly namespace: string;
  readonly cached: CachedSequence;
  readonly cursor: PrefixCursor;
  readonly tokenIds: number[];
  /** Full blocks when it was last inserted. */
  numInserted: number;
}

/** Sequences on one pool, with memory that remembers the text up to each token instead of keys and values. */
class Simulation {
  readonly pool = new BlockPool(NUM_BLOCKS);
  readonly prefixes: PrefixCache;
  readonly model = new NaivePrefixes();
  readonly members: Member[] = [];
  readonly #memory: (string | undefined)[] = [];

  constructor(prefixes: (pool: BlockPool) => PrefixCache) {
    this.prefixes = prefixes(this.pool);
  }

  get used(): ReadonlySet<number> {
    return new Set(this.members.flatMap(({ cached }) => cached.blockTable));
  }

  open(namespace: string, tokenIds: readonly number[], maxTokens: number): void {
    const blocks = this.look(namespace, tokenIds, maxTokens);
    const cached = new CachedSequence(this.pool);
    cached.adopt(blocks, 16 * blocks.length);
    const own = tokenIds.slice(0, cached.length);
    const member = { namespace, cached, cursor: new PrefixCursor(namespace), tokenIds: own, numInserted: 0 };
    this.members.push(member);
    this.model.observe(this.used);
    this.grow(member, tokenIds.slice(cached.length));
  }

  look(namespace: string, tokenIds: readonly number[], maxTokens: number): number[] {
    const blocks = this.prefixes.match(tokenIds, { namespace, maxTokens });
    const wanted = this.model.longest(namespace, tokenIds, maxTokens);
    expect(blocks).toEqual(wanted.map((key) => this.model.known.get(key)!.block));
    for (const [i, block] of blocks.entries()) this.#expectTokens(namespace, tokenIds, 16 * i, 16 * (i + 1), block);
    return blocks;
  }

  grow(member: Member, tokenIds: readonly number[]): void {
    const { cached, namespace } = member;
    const wanted = cached.blocksToAppend(tokenIds.length);
    if (wanted > this.pool.numFree) return;
    this.model.allocate(wanted, this.used);
    const copy = cached.append(tokenIds.length);
    for (let i = 0; i < 16 && copy !== undefined; i++)
      this.#memory[16 * copy.to + i] = this.#memory[16 * copy.from + i];
    for (const tokenId of tokenIds) {
      member.tokenIds.push(tokenId);
      this.#memory[cached.slot(member.tokenIds.length - 1)] = keyOf(namespace, member.tokenIds);
    }
    this.prefixes.insert(member.cursor, member.tokenIds, cached.blockTable, cached.length);
    const numFull = Math.floor(cached.length / 16);
    if (numFull !== member.numInserted) this.model.add(namespace, member.tokenIds, cached.blockTable);
    member.numInserted = numFull;
  }

  back(member: Member, length: number): void {
    member.cached.truncate(length);
    member.tokenIds.length = length;
  }

  fork({ cached, namespace, cursor, tokenIds, numInserted }: Member, length: number): void {
    const fork = { cached: cached.fork(length), tokenIds: tokenIds.slice(0, length) };
    this.members.push({ ...fork, namespace, cursor: cursor.fork(), numInserted });
  }

  release(member: Member): void {
    this.members.splice(this.members.indexOf(member), 1);
    member.cached.release();
  }

  check(): void {
    this.model.observe(this.used);
    expect(this.pool.numFree + this.used.size).toBe(NUM_BLOCKS);
    const blocks = this.prefixes.blocks();
    expect(new Set(blocks.map(({ block }) => block))).toEqual(
      new Set([...this.model.known.values()].map(({ block }) => block)),
    );
    expect(this.prefixes.statistics.numBlocks).toBe(blocks.length);
    // Parents first also says that every parent is there.
    for (const [i, { parent }] of blocks.entries())
      if (typeof parent !== 'string') expect(blocks.indexOf(parent)).toBeLessThan(i);
    for (const { namespace, tokenIds, cached } of this.members)
      for (const [i, block] of cached.blockTable.entries())
        this.#expectTokens(namespace, tokenIds, 16 * i, Math.min(tokenIds.length, 16 * (i + 1)), block);
  }

  #expectTokens(namespace: string, tokenIds: readonly number[], start: number, end: number, block: number): void {
    let text = keyOf(namespace, tokenIds, start);
    const wanted = tokenIds.slice(start, end).map((tokenId) => {
      text += `${tokenId},`;
      return text;
    });
    expect(this.#memory.slice(16 * block, 16 * block + wanted.length)).toEqual(wanted);
  }
}

/** The bias to small numbers would make most texts the same. */
const letter = fc.integer({ min: 1, max: 3 });
const namespace = fc.constantFrom('a', 'b');
const texts = fc
  .tuple(fc.array(letter, { minLength: 1, maxLength: 4 }), fc.nat({ max: 5 }))
  .map(([letters, numCut]) => {
    const tokenIds = letters.flatMap((id) => Array<number>(16).fill(id));
    return tokenIds.slice(0, tokenIds.length - numCut);
  });
const which = fc.nat({ max: 3 });
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('open' as const), namespace, tokenIds: texts, keepsLast: fc.boolean() }),
    fc.record({ kind: fc.constant('look' as const), namespace, tokenIds: texts }),
    fc.record({ kind: fc.constant('grow' as const), which, letter, count: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ kind: fc.constant('back' as const), which, count: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ kind: fc.constant('fork' as const), which, count: fc.integer({ min: 0, max: 20 }) }),
    fc.record({ kind: fc.constant('release' as const), which }),
  ),
  { minLength: 30, maxLength: 60 },
);
type Step = typeof steps extends fc.Arbitrary<(infer One)[]> ? One : never;

function take(simulation: Simulation, step: Step): void {
  if (step.kind === 'look') {
    simulation.look(step.namespace, step.tokenIds, step.tokenIds.length);
    return;
  }
  if (step.kind === 'open') {
    const { namespace: name, tokenIds, keepsLast } = step;
    simulation.open(name, tokenIds, tokenIds.length - (keepsLast ? 1 : 0));
    return;
  }
  const member = simulation.members[step.which % Math.max(1, simulation.members.length)];
  if (member === undefined) return;
  if (step.kind === 'grow') simulation.grow(member, Array<number>(step.count).fill(step.letter));
  if (step.kind === 'back') simulation.back(member, Math.max(0, member.tokenIds.length - step.count));
  if (step.kind === 'fork') simulation.fork(member, Math.max(0, member.tokenIds.length - step.count));
  if (step.kind === 'release') simulation.release(member);
}

test.each([
  ['a good hash', chainedHash],
  ['a hash that collides', (_: number, tokenIds: readonly number[], start: number) => tokenIds[start]! % 2],
])('PrefixCache does what the naive one does, with %s, and loses no block', (_, hash) => {
  let [numFound, numEvicted] = [0, 0];
  fc.assert(
    fc.property(steps, (taken) => {
      const simulation = new Simulation((pool) => new PrefixCache(pool, hash));
      for (const step of taken) {
        take(simulation, step);
        simulation.check();
      }
      const { hits, evictions } = simulation.prefixes.statistics;
      [numFound, numEvicted] = [numFound + hits, numEvicted + evictions];
      while (simulation.members.length > 0) simulation.release(simulation.members[0]!);
      simulation.check();
      expect(simulation.pool.numFree).toBe(NUM_BLOCKS);
      simulation.prefixes.clear();
      expect(simulation.pool.numEmpty).toBe(NUM_BLOCKS);
    }),
    { numRuns: 100 },
  );
  // Or the property would say little.
  expect([numFound > 0, numEvicted > 0]).toEqual([true, true]);
});

/** Sequences that look before they compute, one after the other, hold their whole chain: no parent goes before its child. */
test('PrefixCache evicts no block before those that follow it, where nothing is computed twice', () => {
  let numEvicted = 0;
  fc.assert(
    fc.property(steps, (taken) => {
      const simulation = new Simulation((pool) => new PrefixCache(pool));
      for (const step of taken) {
        if (step.kind === 'back' || step.kind === 'fork' || step.kind === 'grow') continue;
        take(simulation, step.kind === 'open' ? { ...step, keepsLast: false } : step);
        simulation.check();
        expect(simulation.model.numOrphans).toBe(0);
      }
      numEvicted += simulation.prefixes.statistics.evictions;
    }),
    { numRuns: 100 },
  );
  expect(numEvicted).toBeGreaterThan(0);
});
