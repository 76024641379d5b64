import { CACHE_BLOCK_SIZE } from '../backend/backend.ts';
import type { BlockPool } from '../kv-cache/block-pool.ts';
import { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import type { CachedSource, SourceHold } from '../kv-cache/source-cache.ts';
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

/** A source to encode in a step, before its targets go on. */
export interface Encoding {
  readonly job: Job;
  readonly hold: SourceHold;
  readonly source: CachedSource;
}

/**
 * A step in the making: whose tokens, within a budget of tokens and the free blocks. An encoder looks at all of a source, so
 * that it is never cut: one begins as long as any of the budget is left.
 */
export class StepPlan {
  readonly #pool: BlockPool;
  readonly #budget: number;
  #chunks: Chunk[] = [];
  #encodings: Encoding[] = [];

  constructor(pool: BlockPool, budget: number) {
    this.#pool = pool;
    this.#budget = budget;
  }

  get chunks(): readonly Chunk[] {
    return this.#chunks;
  }

  /** Those whose users have not all gone. */
  get encodings(): readonly Encoding[] {
    return this.#encodings.filter(({ source }) => source.isHeld);
  }

  /** Tokens that the step has room for; of a long source it may have taken more. */
  get budget(): number {
    const numTargetTokens = this.#chunks.reduce((sum, chunk) => sum + chunk.numTokens, 0);
    return this.#budget - numTargetTokens - this.encodings.reduce((sum, { source }) => sum + source.tokenIds.length, 0);
  }

  /** Whether all that a job knows can be cached, so that it need not be preempted before its first token. */
  hasRoomFor(job: Job): boolean {
    const wanted = job.members.reduce((sum, sequence) => {
      const numShared = Math.max(sequence.numComputed, job.elderOf(sequence)?.numShared ?? 0);
      return sum + PagedKvCache.blocksFor(sequence.numKnown) - Math.floor(numShared / CACHE_BLOCK_SIZE);
    }, 0);
    const unplanned = job.sources.filter((hold) => !hold.isEncoded && !this.#encodes(hold));
    return wanted + unplanned.reduce((sum, hold) => sum + blocksOf(hold), 0) <= this.#numFree();
  }

  /** Adds as many pending tokens of a job as the budget allows, no drafts; false if blocks are short for some of them. */
  add(job: Job): boolean {
    for (const hold of job.sources) if (!this.#encode(job, hold)) return false;
    for (const sequence of job.members) {
      if (this.#chunks.some((chunk) => chunk.sequence === sequence) || !canGoOn(job, sequence)) continue;
      if (sequence.source !== undefined && !sequence.source.isEncoded && !this.#encodes(sequence.source)) continue;
      const numPending = sequence.tokens.position - sequence.numComputed;
      const numTokens = Math.min(numPending, this.budget);
      if (numTokens <= 0) continue;
      const numBlocks = sequence.cached.blocksToAppend(numTokens);
      if (numBlocks > this.#numFree()) return false;
      this.#chunks.push({ job, sequence, numTokens, numRows: numTokens === numPending ? 1 : 0, numBlocks });
    }
    return true;
  }

  /** Adds the drafts of all sequences whose logits are computed; a draft shrinks to what there is room for. */
  addDrafts(): void {
    for (const [i, chunk] of this.#chunks.entries()) {
      const { sequence, numTokens: numOwn } = chunk;
      sequence.shortenDraft(chunk.numRows === 0 ? 0 : this.#roomForDraft(chunk));
      const numDrafted = sequence.draft?.tokenIds.length ?? 0;
      if (numDrafted === 0) continue;
      const numTokens = numOwn + numDrafted;
      const numBlocks = sequence.cached.blocksToAppend(numTokens);
      this.#chunks[i] = { ...chunk, numTokens, numRows: 1 + numDrafted, numBlocks };
    }
  }

  /** Takes a job's tokens out again. */
  drop(job: Job): void {
    this.#chunks = this.#chunks.filter((chunk) => chunk.job !== job);
  }

  /** Has a source encoded that is not, if there is budget; false if blocks are short for it. */
  #encode(job: Job, hold: SourceHold): boolean {
    if (hold.isEncoded || this.#encodes(hold) || this.budget <= 0) return true;
    if (blocksOf(hold) > this.#numFree()) return false;
    this.#encodings.push({ job, hold, source: hold.take() });
    return true;
  }

  #encodes(hold: SourceHold): boolean {
    return this.encodings.some(({ source }) => source === hold.source);
  }

  #numFree(): number {
    const taken = this.#chunks.reduce((sum, chunk) => sum + chunk.numBlocks, 0);
    return this.#pool.numFree - taken - this.encodings.reduce((sum, { hold }) => sum + blocksOf(hold), 0);
  }

  #roomForDraft({ sequence, numTokens, numBlocks }: Chunk): number {
    let numDrafted = Math.min(sequence.draft?.tokenIds.length ?? 0, this.budget);
    const numMore = () => sequence.cached.blocksToAppend(numTokens + numDrafted) - numBlocks;
    while (numDrafted > 0 && numMore() > this.#numFree()) numDrafted -= 1;
    return numDrafted;
  }
}

function blocksOf({ tokenIds }: SourceHold): number {
  return PagedKvCache.blocksFor(tokenIds.length);
}

/**
 * Whether a sequence may be computed now. Of the sequences of a job that was preempted, the first is computed from its
 * beginning, and the others share what they have in common with it as soon as it is there.
 */
function canGoOn(job: Job, sequence: Sequence): boolean {
  if (sequence.numComputed >= job.mostShared(sequence)) return true;
  const elder = job.elderOf(sequence);
  if (elder === undefined || elder.numShared <= sequence.numComputed) return true;
  if (elder.sequence.numComputed < elder.numShared) return false;
  sequence.adopt(elder.sequence, elder.numShared);
  return true;
}
