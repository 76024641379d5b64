import type { Draft } from '../../decoding/draft.ts';
import { PagedKvCache } from '../../kv-cache/paged-kv-cache.ts';
import { type CachedSource, SourceCache } from '../../kv-cache/source-cache.ts';
import type { CausalLM } from '../../models/causal-lm.ts';
import type { StepModel } from '../step-model.ts';
import { type DraftRequest, DraftRun, notFinite, type PlainChoice } from './draft-run.ts';
import { DraftSequence } from './draft-sequence.ts';

export interface DraftModelOptions {
  /** Tokens in the target's vocabulary; the draft model must have the same. */
  readonly targetVocabSize: number;
  /** Tokens in the vocabulary of the target's sources; a draft model with an encoder must have the same. */
  readonly sourceVocabSize?: number | undefined;
  /** Most tokens computed in one step; 256 unless given. */
  readonly maxNumBatchedTokens?: number | undefined;
}

/**
 * What a draft model must do, and what makes it faster where choices are simple. One without an encoder guesses targets without
 * their sources.
 */
export type DraftingModel = Pick<StepModel, 'config' | 'encoder' | 'step'> & Partial<Pick<CausalLM, 'stepAhead'>>;

/** A step that the draft model has done, or several alike. */
export interface DraftStep {
  readonly numSteps: number;
  /** Tokens computed in the first: one a sequence, more while it catches up with what was accepted or with a prompt. */
  readonly numTokens: number;
  readonly numSequences: number;
}

/**
 * Guesses with a second, smaller model, for many sequences in one batch. It keeps the keys and values of each sequence from
 * draft to draft in a cache of its own, so that it computes accepted tokens once; what it guessed wrong is forgotten.
 *
 * @example
 * const drafter = new DraftModel(small, small.createCache(4096), { targetVocabSize: large.config.vocabSize });
 * const [draft] = await drafter.propose([{ key, sequence, maxTokens: 5, chooser, withDistributions: false }]);
 * drafter.release(key);
 * drafter.dispose();
 */
export class DraftModel {
  readonly #model: DraftingModel;
  readonly #cache: PagedKvCache;
  readonly #sources: SourceCache;
  readonly #maxNumBatchedTokens: number;
  readonly #memories = new Map<object, DraftSequence>();

  /** Takes over the cache. Throws a `RangeError` if the vocabularies differ in size. */
  constructor(model: DraftingModel, cache: PagedKvCache, options: DraftModelOptions) {
    const { targetVocabSize, sourceVocabSize, maxNumBatchedTokens = 256 } = options;
    expectVocabulary(model.config.vocabSize, targetVocabSize, 'vocabulary');
    if (model.encoder !== undefined)
      expectVocabulary(model.encoder.vocabSize, sourceVocabSize ?? 0, 'source vocabulary');
    this.#sources = new SourceCache(cache.pool);
    this.#model = model;
    this.#cache = cache;
    this.#maxNumBatchedTokens = maxNumBatchedTokens;
  }

  /**
   * A draft for each request, in their order; one call at a time. A draft is shorter than `maxTokens`, or empty, where cache
   * blocks are short, where the draft model takes no longer sequence, and where its processors leave no token; a sequence
   * that blocks are short for gives its own back. `onStep` hears of each step when it is done. Throws a `RangeError` for
   * logits that are not finite, and what the model throws.
   */
  async propose(requests: readonly DraftRequest[], onStep?: (step: DraftStep) => void): Promise<readonly Draft[]> {
    const runs = this.#start(requests);
    this.#encode(runs.values());
    let active = [...runs.values()];
    while (active.length > 0) {
      await this.#step(active, onStep);
      active = active.filter((run) => !run.isFinished);
    }
    return requests.map((request) => runs.get(request)?.draft ?? { tokenIds: [] });
  }

  /** Forgets a sequence and frees its blocks: it is over, or will not go on soon. */
  release(key: object): void {
    this.#memories.get(key)?.release();
    this.#memories.delete(key);
  }

  /** Frees the cache; the model stays its owner's. */
  dispose(): void {
    for (const key of [...this.#memories.keys()]) this.release(key);
    this.#cache.dispose();
  }

  /** The drafts that there is room for. All blocks that they can come to need are free, so none fails half-way. */
  #start(requests: readonly DraftRequest[]): ReadonlyMap<DraftRequest, DraftRun> {
    // What was guessed wrong is freed for all before any is given room.
    for (const { key, sequence } of requests) this.#memories.get(key)?.follow(sequence.tokenIds);
    const runs = new Map<DraftRequest, DraftRun>();
    const sources = new Set<CachedSource | undefined>();
    let numReserved = 0;
    for (const request of requests) {
      if (request.maxTokens <= 0) continue;
      const memory = this.#memories.get(request.key) ?? this.#begin(request);
      this.#memories.set(request.key, memory);
      const numSourceBlocks = sources.has(memory.source?.source) ? 0 : numBlocksToEncode(memory);
      const numFree = this.#cache.pool.numFree - numReserved - numSourceBlocks;
      const length = this.#canEncode(memory) ? this.#lengthThatFits(request, memory, numFree) : 0;
      if (length === 0) {
        this.release(request.key);
        continue;
      }
      sources.add(memory.source?.source);
      runs.set(request, new DraftRun(request, memory, length));
      numReserved += numSourceBlocks + numBlocksToDraft(request, memory, length);
    }
    return runs;
  }

  /** A sequence that is not known yet. */
  #begin({ sequence: { sourceIds } }: DraftRequest): DraftSequence {
    const hasSource = this.#model.encoder !== undefined && sourceIds !== undefined;
    return new DraftSequence(this.#cache, hasSource ? this.#sources.open(sourceIds) : undefined);
  }

  /** Whether the source, if the model wants one, is there and not too long for it. */
  #canEncode({ source }: DraftSequence): boolean {
    const { encoder } = this.#model;
    return encoder === undefined || (source !== undefined && source.tokenIds.length <= encoder.maxPositions);
  }

  /** Encodes the sources of new sequences, each once. */
  #encode(runs: Iterable<DraftRun>): void {
    const { encoder } = this.#model;
    if (encoder === undefined) return;
    const sources = new Set<CachedSource>();
    for (const { memory } of runs) if (memory.source?.source?.isEncoded === false) sources.add(memory.source.source);
    encoder.encode(this.#cache, [...sources]);
    for (const source of sources) this.#sources.keep(source);
  }

  #lengthThatFits(request: DraftRequest, memory: DraftSequence, numFree: number): number {
    const { sequence, maxTokens } = request;
    // The last drafted token is not computed.
    let length = Math.max(0, Math.min(maxTokens, this.#model.config.maxPositions - sequence.position + 1));
    while (length > 0 && numBlocksToDraft(request, memory, length) > numFree) length -= 1;
    return length;
  }

  /** Computes pending tokens, fewest first, so that drafts go on beside a long prompt; those with none left get a token. */
  async #step(active: readonly DraftRun[], onStep: ((step: DraftStep) => void) | undefined): Promise<void> {
    const chunks = this.#chunks(active);
    const count = this.#numAhead(active, chunks);
    if (count === 0) await this.#stepOnce(chunks, onStep);
    else await this.#goAhead(chunks, count, onStep);
    for (const run of active) if (!this.#isKnown(run)) run.end();
  }

  /** How many steps the device can make by itself: one kind of simple choice, and nothing else pending. */
  #numAhead(active: readonly DraftRun[], chunks: readonly Chunk[]): number {
    const choice = active[0]?.plainChoice;
    const isPossible = this.#model.stepAhead !== undefined && active.every((run) => isSame(run.plainChoice, choice));
    if (!isPossible || chunks.length < active.length || chunks.some(({ isLast }) => !isLast)) return 0;
    return Math.min(...active.map((run) => run.numLeft));
  }

  async #goAhead(
    chunks: readonly Chunk[],
    count: number,
    onStep: ((step: DraftStep) => void) | undefined,
  ): Promise<void> {
    const runs = chunks.map(({ run }) => run);
    const choice = runs[0]!.plainChoice!;
    const draw = choice.temperature === 0 ? undefined : { ...choice, uniforms: uniformsOf(runs, count) };
    const { tokenIds, areNumbers } = await this.#model.stepAhead!(this.#cache, entriesOf(chunks), { count, draw });
    onStep?.({ numSteps: count, ...sizeOf(chunks) });
    if (!areNumbers) throw notFinite();
    for (const [i, chunk] of chunks.entries()) {
      if (!this.#isKnown(chunk.run)) continue;
      const chosen = Array.from({ length: count }, (_, step) => tokenIds[step * chunks.length + i]!);
      chunk.run.memory.computed([...chunk.tokenIds, ...chosen.slice(0, -1)]);
      chunk.run.take(chosen);
    }
  }

  async #stepOnce(chunks: readonly Chunk[], onStep: ((step: DraftStep) => void) | undefined): Promise<void> {
    const logits = chunks.map(({ isLast }) => (isLast ? 1 : 0));
    const hasRows = chunks.some(({ isLast }) => isLast);
    const rows = await this.#model.step(this.#cache, entriesOf(chunks), { logits: hasRows ? logits : 'none' });
    onStep?.({ numSteps: 1, ...sizeOf(chunks) });
    this.#takeRows(chunks, rows);
  }

  #chunks(active: readonly DraftRun[]): readonly Chunk[] {
    const chunks: Chunk[] = [];
    let budget = this.#maxNumBatchedTokens;
    for (const run of [...active].sort((a, b) => a.numPending - b.numPending)) {
      const tokenIds = run.pendingIds(budget);
      if (tokenIds.length === 0) break;
      chunks.push({ run, tokenIds, isLast: tokenIds.length === run.numPending });
      budget -= tokenIds.length;
    }
    return chunks;
  }

  #takeRows(chunks: readonly Chunk[], rows: Float32Array): void {
    const { vocabSize } = this.#model.config;
    let start = 0;
    for (const { run, tokenIds, isLast } of chunks) {
      if (this.#isKnown(run)) {
        run.memory.computed(tokenIds);
        if (isLast) run.next(rows.subarray(start, start + vocabSize));
      }
      if (isLast) start += vocabSize;
    }
  }

  /** Whether the sequence was not released while the model ran. */
  #isKnown({ request, memory }: DraftRun): boolean {
    return this.#memories.get(request.key) === memory;
  }
}

/** Whether both are there and alike. */
function isSame(a: PlainChoice | undefined, b: PlainChoice | undefined): boolean {
  return a !== undefined && a.temperature === b?.temperature && a.minP === b.minP;
}

/** Pending tokens of one sequence, in a step. */
interface Chunk {
  readonly run: DraftRun;
  readonly tokenIds: readonly number[];
  /** Whether they are all that is pending. */
  readonly isLast: boolean;
}

function entriesOf(chunks: readonly Chunk[]) {
  return chunks.map(({ run: { memory }, tokenIds }) => {
    return { sequence: memory.cached, tokenIds, source: memory.source?.source?.sequence };
  });
}

function sizeOf(chunks: readonly Chunk[]): Omit<DraftStep, 'numSteps'> {
  return {
    numTokens: chunks.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0),
    numSequences: chunks.length,
  };
}

/** (count, runs). */
function uniformsOf(runs: readonly DraftRun[], count: number): Float32Array {
  const ofRuns = runs.map((run) => run.uniforms(count));
  return Float32Array.from(
    { length: count * runs.length },
    (_, i) => ofRuns[i % runs.length]![Math.floor(i / runs.length)]!,
  );
}

function numBlocksToDraft({ sequence }: DraftRequest, { cached }: DraftSequence, length: number): number {
  return cached.blocksToAppend(sequence.position + length - 1 - cached.length);
}

/** Blocks that the source of a sequence takes when it is encoded. */
function numBlocksToEncode({ source }: DraftSequence): number {
  return source === undefined || source.isEncoded ? 0 : PagedKvCache.blocksFor(source.tokenIds.length);
}

function expectVocabulary(draft: number, target: number, what: string): void {
  if (draft === target) return;
  throw new RangeError(
    `Cannot draft: the draft model has a ${what} of ${draft} tokens, wanted ${target} like the target model`,
  );
}
