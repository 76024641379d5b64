import { CACHE_BLOCK_SIZE } from '../backend/backend.ts';
import type { Continuation } from '../decoding/search-strategy.ts';
import { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import type { SourceCache, SourceHold } from '../kv-cache/source-cache.ts';
import type { EngineRequest, RequestReport } from './request.ts';
import { Sequence } from './sequence.ts';

/** Requests that came later may go first this often; then the one that waits is more urgent than any priority. */
const MAX_PASSED = 32;

/** Where jobs have their sequences and sources. */
export interface JobCaches {
  readonly cache: PagedKvCache;
  readonly sources: SourceCache;
}

/** A request on its way through the engine. */
export class Job {
  readonly request: EngineRequest;
  /** Number of arrival. */
  readonly arrival: number;
  /** The sequences that are alive, in the order that the search knows them by. */
  sequences: readonly Sequence[];
  /** What its sequences attend to: the request's source, and that of its guidance. */
  readonly sources: readonly SourceHold[];
  /** Later arrivals that were admitted before it. */
  numPassed = 0;
  numPreemptions = 0;
  /** Tokens of prompt and source that were found in the cache when it began. */
  cachedTokens: number | undefined;
  hasEnded = false;
  readonly #arrivedAt = performance.now();
  #startedAt: number | undefined;
  #firstTokenAt: number | undefined;
  #lastTokenAt = this.#arrivedAt;

  constructor({ cache, sources }: JobCaches, request: EngineRequest, arrival: number) {
    this.request = request;
    this.arrival = arrival;
    const open = (sourceIds: readonly number[] | undefined) =>
      sourceIds && sources.open(sourceIds, { namespace: namespaceOf(request), isShared: request.useCache !== false });
    const { guidance, promptIds } = request;
    const guide = guidance && Sequence.fromPrompt(cache, guidance.promptIds, { source: open(guidance.sourceIds) });
    this.sequences = [Sequence.fromPrompt(cache, promptIds, { source: open(request.sourceIds), guide })];
    this.sources = this.members.flatMap(({ source }) => source ?? []);
  }

  get urgency(): number {
    return this.numPassed >= MAX_PASSED ? Number.POSITIVE_INFINITY : (this.request.priority ?? 0);
  }

  /** Every sequence with tokens to compute: the search's own, each followed by its guide. */
  get members(): readonly Sequence[] {
    return this.sequences.flatMap((sequence) =>
      sequence.guide === undefined ? [sequence] : [sequence, sequence.guide],
    );
  }

  /**
   * The earlier sequence of the job that has the most first tokens in common with this one, and how many of these can be
   * shared, in whole blocks. Undefined if there is nothing to share.
   */
  elderOf(sequence: Sequence): { readonly sequence: Sequence; readonly numShared: number } | undefined {
    if (this.request.useCache === false || this.sequences.length === 1) return undefined;
    const index = this.sequences.indexOf(sequence);
    const elders = index < 0 ? guidesBefore(this.sequences, sequence) : this.sequences.slice(0, index);
    let best: { readonly sequence: Sequence; readonly numShared: number } | undefined;
    for (const elder of elders) {
      const numInBoth = Math.min(numInCommon(elder, sequence), this.mostShared(sequence));
      const numShared = numInBoth - (numInBoth % CACHE_BLOCK_SIZE);
      if (numShared > (best?.numShared ?? 0)) best = { sequence: elder, numShared };
    }
    return best;
  }

  /** How many first tokens of a sequence need not be computed if they are cached already. */
  mostShared({ tokens, numHiddenSeen }: Sequence): number {
    // The last one must be computed, for its logits; and each that the search has yet to see the hidden state of.
    return this.request.search.needsHidden ? Math.min(numHiddenSeen, tokens.position - 1) : tokens.position - 1;
  }

  /** Most sequences it can have at once. */
  get maxSequences(): number {
    return sequencesNeeded(this.request);
  }

  /** Whether everything is computed that the search waits for. */
  get isReady(): boolean {
    return this.members.every((sequence) => sequence.numPending === 0 && sequence.hasOutputs);
  }

  /** Whether each of its sequences waits for its next token only. */
  get isGenerating(): boolean {
    return (
      this.members.every((sequence) => sequence.tokens.position - sequence.numComputed <= 1) &&
      this.sources.every((source) => source.isEncoded)
    );
  }

  /** Whether the search has chosen tokens. */
  get hasTokens(): boolean {
    return this.#firstTokenAt !== undefined;
  }

  isOverdue(now: number): boolean {
    const { maxTime } = this.request;
    return maxTime !== undefined && now > this.#arrivedAt + maxTime * 1000;
  }

  /** It is part of a step; true the first time. */
  start(): boolean {
    if (this.#startedAt !== undefined) return false;
    this.#startedAt = performance.now();
    return true;
  }

  /** The search has chosen tokens: milliseconds since it last did, or since the arrival, which is `isFirst`. */
  tokensChosen(): { readonly ms: number; readonly isFirst: boolean } {
    const now = performance.now();
    const [ms, isFirst] = [now - this.#lastTokenAt, this.#firstTokenAt === undefined];
    this.#firstTokenAt ??= now;
    this.#lastTokenAt = now;
    return { ms, isFirst };
  }

  /** Goes on with the sequences that the search wants. */
  continue(continuations: readonly Continuation[]): void {
    const parents = this.sequences;
    const unused = new Set(parents);
    const next = continuations.map(({ parent }) => {
      const sequence = parents[parent]!;
      // The first child is its parent; later ones share what is cached.
      return unused.delete(sequence) ? sequence : sequence.fork();
    });
    for (const sequence of unused) sequence.release();
    for (const [i, sequence] of next.entries()) sequence.append(continuations[i]!.tokenIds);
    this.sequences = next;
    if (this.request.useCache === false) for (const sequence of this.members) sequence.cached.release();
  }

  release(): void {
    for (const sequence of this.sequences) sequence.release();
    for (const source of this.sources) source.release();
  }

  report(): Omit<RequestReport, 'speculation'> {
    const now = performance.now();
    const startedAt = this.#startedAt ?? now;
    const firstTokenAt = this.#firstTokenAt ?? now;
    return {
      cachedTokens: this.cachedTokens ?? 0,
      numPreemptions: this.numPreemptions,
      queueMs: startedAt - this.#arrivedAt,
      prefillMs: firstTokenAt - startedAt,
      decodeMs: now - firstTokenAt,
    };
  }
}

/** Sets apart what is cached of texts that went through an adapter; what the model computes by itself has no name. */
export function namespaceOf({ adapter }: EngineRequest): string {
  return adapter?.fingerprint ?? '';
}

function guidesBefore(sequences: readonly Sequence[], guide: Sequence): readonly Sequence[] {
  const guides = sequences.flatMap((sequence) => sequence.guide ?? []);
  return guides.slice(0, guides.indexOf(guide));
}

function numInCommon(a: Sequence, b: Sequence): number {
  const [aIds, bIds] = [a.tokens.tokenIds, b.tokens.tokenIds];
  const length = Math.min(aIds.length, bIds.length);
  for (let i = 0; i < length; i++) if (aIds[i] !== bIds[i]) return i;
  return length;
}

/** Which of two jobs goes first: the more urgent, then the one that came first. Negative if it is `a`. */
export function byPrecedence(a: Job, b: Job): number {
  if (a.urgency !== b.urgency) return b.urgency - a.urgency;
  return a.arrival - b.arrival;
}

/** Most sequences that a request can have at once, guides included. */
export function sequencesNeeded({ search, guidance }: EngineRequest): number {
  return search.maxHypotheses * (guidance === undefined ? 1 : 2);
}

/**
 * Cache blocks with which a request surely comes to its end if it has them alone. Its sequences share the whole blocks of
 * the prompt, if they use the cache; a block that two of them share is counted again while it is copied.
 */
export function blocksNeeded(request: EngineRequest): number {
  const { promptIds, maxLength, guidance, search, useCache } = request;
  const sources = [request.sourceIds ?? [], guidance?.sourceIds ?? []];
  const sourceBlocks = sources.reduce((sum, { length }) => sum + PagedKvCache.blocksFor(length), 0);
  const lengths = [promptIds.length];
  if (guidance !== undefined) lengths.push(guidance.promptIds.length);
  return lengths.reduce((sum, promptLength) => {
    const shared = useCache === false ? 0 : Math.floor(promptLength / CACHE_BLOCK_SIZE);
    const length = maxLength - promptIds.length + promptLength;
    const own = PagedKvCache.blocksFor(length) - shared;
    return sum + shared + search.maxHypotheses * own + Math.floor(search.maxHypotheses / 2);
  }, sourceBlocks);
}
