import { CACHE_BLOCK_SIZE } from '../backend/backend.ts';
import type { BlockPool } from '../kv-cache/block-pool.ts';
import type { Job } from './job.ts';

/** The engine at one moment, and all it has done so far. */
export interface EngineStatistics {
  /** Requests. */
  readonly running: number;
  readonly waiting: number;
  /** Sequences of the requests that run. */
  readonly sequences: number;
  /** Cache blocks of 16 tokens. */
  readonly blocks: {
    readonly total: number;
    /** Used by no sequence. */
    readonly free: number;
    /** Token places of the used blocks that hold no token. */
    readonly unusedSlots: number;
  };
  readonly totals: EngineTotals;
}

/** Sums since the engine started. */
export interface EngineTotals {
  readonly steps: number;
  readonly finished: number;
  readonly aborted: number;
  readonly failed: number;
  readonly preemptions: number;
  /** Tokens that the model computed: of prompts, generated, drafted, and computed again. */
  readonly computedTokens: number;
  readonly generatedTokens: number;
  /** Tokens of sources that were encoded. */
  readonly encodedTokens: number;
  /** Tokens of prompts and sources that were found in the cache. */
  readonly cachedTokens: number;
  /** Milliseconds of all steps, and of these in the model. */
  readonly stepMs: number;
  readonly modelMs: number;
  /** Milliseconds from arrival to first token, over `firstTokens` requests. */
  readonly timeToFirstTokenMs: number;
  readonly firstTokens: number;
  /** Milliseconds between two choices of tokens for one request, over `laterTokens` of these. */
  readonly interTokenMs: number;
  readonly laterTokens: number;
}

/** Something that happened to a request, by its number of arrival. */
export interface RequestEvent {
  readonly kind: 'submitted' | 'admitted' | 'preempted' | 'finished' | 'aborted' | 'failed';
  readonly request: number;
}

/** A step that was made. */
export interface StepEvent {
  readonly kind: 'step';
  /** Tokens that were computed, of how many sequences. */
  readonly numTokens: number;
  /** Tokens of sources that were encoded. */
  readonly numSourceTokens: number;
  readonly numSequences: number;
  readonly generatedTokens: number;
  /** Milliseconds in all, and of these in the model. */
  readonly ms: number;
  readonly modelMs: number;
  readonly running: number;
  readonly waiting: number;
  readonly freeBlocks: number;
}

export type EngineEvent = RequestEvent | StepEvent;

/** Keeps the engine's sums, and tells who listens. */
export class Statistics {
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  readonly #totals = {
    ...{ steps: 0, finished: 0, aborted: 0, failed: 0, preemptions: 0 },
    ...{ computedTokens: 0, encodedTokens: 0, generatedTokens: 0, cachedTokens: 0, stepMs: 0, modelMs: 0 },
    ...{ timeToFirstTokenMs: 0, firstTokens: 0, interTokenMs: 0, laterTokens: 0 },
  };

  subscribe(listener: (event: EngineEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  request(kind: RequestEvent['kind'], job: Job): void {
    if (kind === 'preempted') this.#totals.preemptions += 1;
    if (kind === 'finished' || kind === 'aborted' || kind === 'failed') this.#totals[kind] += 1;
    this.#emit({ kind, request: job.arrival });
  }

  step(event: StepEvent): void {
    this.#totals.steps += 1;
    this.#totals.computedTokens += event.numTokens;
    this.#totals.encodedTokens += event.numSourceTokens;
    this.#totals.generatedTokens += event.generatedTokens;
    this.#totals.stepMs += event.ms;
    this.#totals.modelMs += event.modelMs;
    this.#emit(event);
  }

  /** Tokens of a request were found in the cache. */
  found(numTokens: number): void {
    this.#totals.cachedTokens += numTokens;
  }

  /** A request got tokens, `ms` after its arrival or after it last did. */
  chose(ms: number, isFirst: boolean): void {
    this.#totals[isFirst ? 'timeToFirstTokenMs' : 'interTokenMs'] += ms;
    this.#totals[isFirst ? 'firstTokens' : 'laterTokens'] += 1;
  }

  snapshot(of: {
    readonly running: readonly Job[];
    readonly waiting: readonly Job[];
    readonly pool: BlockPool;
  }): EngineStatistics {
    const { running, waiting, pool } = of;
    return {
      running: running.length,
      waiting: waiting.length,
      sequences: running.reduce((sum, job) => sum + job.sequences.length, 0),
      blocks: { total: pool.numBlocks, free: pool.numFree, unusedSlots: unusedSlots(running) },
      totals: { ...this.#totals },
    };
  }

  #emit(event: EngineEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        // A listener's mistake is its own: no request may suffer, and it must not be hidden.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

/** Places in the last blocks of all sequences that no token has. */
function unusedSlots(running: readonly Job[]): number {
  const used = new Map<number, number>();
  for (const { cached } of running.flatMap((job) => job.members))
    for (const [i, block] of cached.blockTable.entries())
      used.set(block, Math.max(used.get(block) ?? 0, Math.min(CACHE_BLOCK_SIZE, cached.length - i * CACHE_BLOCK_SIZE)));
  return [...used.values()].reduce((sum, numTokens) => sum + CACHE_BLOCK_SIZE - numTokens, 0);
}
