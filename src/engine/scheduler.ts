import type { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import { byPrecedence, type Job } from './job.ts';
import type { Sequence } from './sequence.ts';
import { type Chunk, type Encoding, StepPlan } from './step-plan.ts';

export interface SchedulerLimits {
  /** Most tokens computed in one step. */
  readonly maxNumBatchedTokens: number;
  /** Most sequences that are alive at once; at most the tokens of a step, so that each can go on in every step. */
  readonly maxNumSequences: number;
}

/** What a step does. */
export interface Schedule {
  /** Sources to encode first. */
  readonly encodings: readonly Encoding[];
  readonly chunks: readonly Chunk[];
  readonly admitted: readonly Job[];
  /** Jobs that lost their cache and wait again. */
  readonly preempted: readonly Job[];
}

/** Gives a sequence that has nothing in the cache a share in what others have computed of its tokens. */
export type AdoptPrefix = (job: Job, sequence: Sequence) => void;

/**
 * Decides what each step computes (continuous batching: Yu et al. 2022, Orca). A sequence has known and computed tokens;
 * a step computes some of the difference, within a budget of tokens and the blocks that are free: first what sequences
 * that generate need for their next token, then prompts, whose sources are encoded in the same step. Where blocks run out, the job that would go last loses its own
 * and waits again; its tokens are computed once more later. So the first job always goes on, and one that waits is passed
 * a limited number of times: nothing starves.
 */
export class Scheduler {
  readonly #cache: PagedKvCache;
  readonly #limits: SchedulerLimits;
  readonly #adoptPrefix: AdoptPrefix;
  readonly #waiting: Job[] = [];
  readonly #running: Job[] = [];

  constructor(cache: PagedKvCache, limits: SchedulerLimits, adoptPrefix: AdoptPrefix) {
    this.#cache = cache;
    this.#limits = limits;
    this.#adoptPrefix = adoptPrefix;
  }

  get waiting(): readonly Job[] {
    return this.#waiting;
  }

  get running(): readonly Job[] {
    return this.#running;
  }

  add(job: Job): void {
    this.#waiting.push(job);
  }

  /** Takes a job out, wherever it is; its blocks are free at once. */
  remove(job: Job): void {
    for (const list of [this.#waiting, this.#running]) {
      const index = list.indexOf(job);
      if (index >= 0) list.splice(index, 1);
    }
    job.release();
  }

  /** The next step. The blocks that it needs are free. */
  schedule(): Schedule {
    this.#running.sort(byPrecedence);
    this.#waiting.sort(byPrecedence);
    const plan = new StepPlan(this.#cache.pool, this.#limits.maxNumBatchedTokens);
    const generating = this.#running.filter((job) => job.isGenerating);
    const reading = this.#running.filter((job) => !job.isGenerating);
    const preempted = new Set<Job>();
    for (const job of generating) if (!preempted.has(job)) this.#plan(job, plan, preempted);
    plan.addDrafts();
    for (const job of reading) if (!preempted.has(job)) this.#plan(job, plan, preempted);
    const admitted = preempted.size === 0 ? this.#admit(plan) : [];
    return { encodings: plan.encodings, chunks: plan.chunks, admitted, preempted: [...preempted] };
  }

  /** Plans a job; while blocks are short for it, takes those of the last job. */
  #plan(job: Job, plan: StepPlan, preempted: Set<Job>): void {
    while (!plan.add(job)) {
      const last = this.#running.at(-1)!;
      if (last === job) return;
      plan.drop(last);
      this.remove(last);
      last.numPreemptions += 1;
      this.add(last);
      preempted.add(last);
    }
  }

  /** Lets jobs begin in their order; the first that does not fit holds up the rest, so that it gets its turn. */
  #admit(plan: StepPlan): Job[] {
    const admitted: Job[] = [];
    while (this.#waiting.length > 0 && plan.budget > 0) {
      const job = this.#waiting[0]!;
      if (this.#numSequences() + job.maxSequences > this.#limits.maxNumSequences) break;
      for (const source of job.sources) source.take();
      for (const sequence of job.members) this.#adoptPrefix(job, sequence);
      if (!plan.hasRoomFor(job)) {
        job.release();
        break;
      }
      job.cachedTokens ??= numCached(job.sequences[0]!);
      plan.add(job);
      this.#waiting.shift();
      this.#running.push(job);
      for (const other of this.#waiting) if (other.arrival < job.arrival) other.numPassed += 1;
      admitted.push(job);
    }
    return admitted;
  }

  #numSequences(): number {
    return this.#running.reduce((sum, job) => sum + job.maxSequences, 0);
  }
}

/** Tokens of prompt and source that a sequence finds in the cache. */
function numCached({ numComputed, source }: Sequence): number {
  return numComputed + (source?.isEncoded ? source.tokenIds.length : 0);
}
