import { CACHE_BLOCK_SIZE } from '../backend/backend.ts';
import type { BlockPool } from '../kv-cache/block-pool.ts';
import { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import type { Job } from './job.ts';
import type { Sequence } from './sequence.ts';

/** Tokens of one sequence to compute in a step. */
export interface Chunk {
  readonly job: Job;
  readonly sequence: Sequence;
  readonly numTokens: number;
  /** Rows of logits, after the last tokens of the chunk. */
  readonly numRows: number;
  /** Cache blocks that the tokens take. */
  readonly numBlocks: number;
}

/** A step in the making: whose tokens, within a budget of tokens and the free blocks. */
export class StepPlan {
  readonly #pool: BlockPool;
  readonly #budget: number;
  #chunks: Chunk[] = [];

  constructor(pool: BlockPool, budget: number) {
    this.#pool = pool;
    this.#budget = budget;
  }

  get chunks(): readonly Chunk[] {
    return this.#chunks;
  }

  /** Tokens that the step has room for. */
  get budget(): number {
    return this.#budget - this.#chunks.reduce((sum, chunk) => sum + chunk.numTokens, 0);
  }

  /** Whether all that a job knows can be cached, so that it need not be preempted before its first token. */
  hasRoomFor(job: Job): boolean {
    const wanted = job.members.reduce((sum, sequence) => {
      const numShared = Math.max(sequence.numComputed, job.elderOf(sequence)?.numShared ?? 0);
      return sum + PagedKvCache.blocksFor(sequence.numKnown) - Math.floor(numShared / CACHE_BLOCK_SIZE);
    }, 0);
    return wanted <= this.#numFree();
  }

  /** Adds as many pending tokens of a job as the budget allows; false if blocks are short for some of them. */
  add(job: Job): boolean {
    for (const sequence of job.members) {
      if (this.#chunks.some((chunk) => chunk.sequence === sequence) || !canGoOn(job, sequence)) continue;
      this.#shortenDraft(sequence, this.budget);
      const numTokens = Math.min(sequence.numPending, this.budget);
      if (numTokens === 0) continue;
      const numBlocks = sequence.cached.blocksToAppend(numTokens);
      if (numBlocks > this.#numFree()) return false;
      const isLast = numTokens === sequence.numPending;
      const numRows = isLast ? 1 + (sequence.draft?.tokenIds.length ?? 0) : 0;
      this.#chunks.push({ job, sequence, numTokens, numRows, numBlocks });
    }
    return true;
  }

  /** Takes a job's tokens out again. */
  drop(job: Job): void {
    this.#chunks = this.#chunks.filter((chunk) => chunk.job !== job);
  }

  #numFree(): number {
    return this.#pool.numFree - this.#chunks.reduce((sum, chunk) => sum + chunk.numBlocks, 0);
  }

  /** A draft is checked in one step and takes no other job's blocks: it shrinks to what there is room for. */
  #shortenDraft(sequence: Sequence, budget: number): void {
    if (sequence.draft === undefined) return;
    const numOwn = sequence.tokens.position - sequence.numComputed;
    let numDrafted = Math.min(sequence.draft.tokenIds.length, Math.max(0, budget - numOwn));
    while (numDrafted > 0 && sequence.cached.blocksToAppend(numOwn + numDrafted) > this.#numFree()) numDrafted -= 1;
    sequence.shortenDraft(numDrafted);
  }
}

/**
 * Whether a sequence may be computed now. Of the sequences of a job that was preempted, the first is computed from its
 * beginning, and the others share what they have in common with it as soon as it is there.
 */
function canGoOn(job: Job, sequence: Sequence): boolean {
  if (sequence.numComputed > 0) return true;
  const elder = job.elderOf(sequence);
  if (elder === undefined) return true;
  if (elder.sequence.numComputed < elder.numShared) return false;
  sequence.adopt(elder.sequence, elder.numShared);
  return true;
}
