import { CACHE_BLOCK_SIZE } from '../backend/backend.ts';
import { EventBreaks } from '../base/event-breaks.ts';
import type { Continuation, Hypothesis } from '../decoding/search-strategy.ts';
import type { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import { guide } from '../sampling/guidance.ts';
import type { EngineLimits } from './engine-options.ts';
import { blocksNeeded, Job } from './job.ts';
import { ModelRunner } from './model-runner.ts';
import type { EngineRequest, RequestReport } from './request.ts';
import { type Schedule, Scheduler } from './scheduler.ts';
import type { Sequence } from './sequence.ts';
import { type EngineEvent, type EngineStatistics, Statistics } from './statistics.ts';
import type { StepModel } from './step-model.ts';

/**
 * Serves many requests with one model: a step computes something of each (continuous batching), the searches choose tokens,
 * and so on until nothing waits. What a request gets does not depend, in any bit, on what else runs.
 *
 * @example
 * const engine = new Engine(model, model.createCache(4096), engineLimits({}));
 * const report = await engine.submit({ promptIds, search, maxLength: 100 });
 * search.results();
 */
export class Engine {
  readonly #cache: PagedKvCache;
  readonly #model: StepModel;
  readonly #limits: EngineLimits;
  readonly #scheduler: Scheduler;
  readonly #runner: ModelRunner;
  readonly #statistics = new Statistics();
  readonly #breaks = new EventBreaks();
  /** What becomes of each request that is not over. */
  readonly #outcomes = new Map<Job, Outcome>();
  #numArrivals = 0;
  #isRunning = false;
  #isDisposed = false;

  constructor(model: StepModel, cache: PagedKvCache, limits: EngineLimits) {
    this.#model = model;
    this.#cache = cache;
    this.#limits = limits;
    this.#scheduler = new Scheduler(cache, limits, () => {});
    this.#runner = new ModelRunner(model, cache);
  }

  /**
   * Takes a request and resolves when its search is over. Throws a `RangeError` for a request that could never be served, a
   * full queue, and logits that are not finite; what the search throws; and the signal's reason when it aborts.
   */
  async submit(request: EngineRequest): Promise<RequestReport> {
    request.signal?.throwIfAborted();
    this.#expectServable(request);
    const job = new Job(this.#cache, request, this.#numArrivals++);
    const report = new Promise<RequestReport>((resolve, reject) => this.#follow(job, resolve, reject));
    this.#scheduler.add(job);
    this.#statistics.request('submitted', job);
    void this.#run();
    return report;
  }

  /** What the engine does now, and has done. */
  statistics(): EngineStatistics {
    const { running, waiting } = this.#scheduler;
    return this.#statistics.snapshot({ running, waiting, pool: this.#cache.pool, unusedSlots: unusedSlots(running) });
  }

  /** Calls `listener` with everything that happens, until the function that it returns is called. */
  subscribe(listener: (event: EngineEvent) => void): () => void {
    return this.#statistics.subscribe(listener);
  }

  /** Ends every request with an error; the cache stays its owner's. */
  dispose(): void {
    this.#isDisposed = true;
    const error = new Error('Cannot go on: the engine is disposed');
    for (const job of [...this.#outcomes.keys()]) this.#fail(job, error, 'aborted');
  }

  #expectServable(request: EngineRequest): void {
    if (this.#isDisposed) throw new Error('Cannot take a request: the engine is disposed');
    const { maxPositions } = this.#model.config;
    if (request.maxLength > maxPositions)
      throw new RangeError(
        `Cannot take a request: it may come to ${request.maxLength} tokens, but the model takes ${maxPositions}`,
      );
    const [wanted, { numBlocks }] = [blocksNeeded(request), this.#cache.pool];
    if (wanted > numBlocks)
      throw new RangeError(`Cannot take a request: it may need ${wanted} cache blocks, but the cache has ${numBlocks}`);
    const sequences = request.search.maxHypotheses * (request.guidance === undefined ? 1 : 2);
    const { maxNumSequences, maxQueueLength } = this.#limits;
    if (sequences > maxNumSequences)
      throw new RangeError(`Cannot take a request: it has ${sequences} sequences, but maxNumSequences is ${maxNumSequences}`);
    if (this.#scheduler.waiting.length >= maxQueueLength + (this.#isRunning ? 0 : 1))
      throw new QueueFullError(`Cannot take a request: ${this.#scheduler.waiting.length} wait already, as many as may`);
  }

  #follow(job: Job, resolve: Outcome['resolve'], reject: Outcome['reject']): void {
    const { signal } = job.request;
    const abort = () => this.#fail(job, signal!.reason, 'aborted');
    signal?.addEventListener('abort', abort, { once: true });
    this.#outcomes.set(job, { resolve, reject, forget: () => signal?.removeEventListener('abort', abort) });
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    // Requests that are made in one go are scheduled together.
    await Promise.resolve();
    while (this.#outcomes.size > 0) {
      await this.#breaks.take();
      await this.#step();
    }
    this.#isRunning = false;
  }

  async #step(): Promise<void> {
    const start = performance.now();
    this.#endOverdue();
    await this.#draft();
    const schedule = this.#scheduler.schedule();
    this.#announce(schedule);
    const { chunks } = schedule;
    if (chunks.length === 0) return this.#failStuck();
    const modelStart = performance.now();
    const jobs = new Set(chunks.map(({ job }) => job));
    try {
      await this.#runner.run(chunks);
    } catch (error) {
      for (const job of jobs) this.#fail(job, error, 'failed');
      return;
    }
    const modelMs = performance.now() - modelStart;
    let generatedTokens = 0;
    for (const job of jobs) if (!job.hasEnded && job.isReady) generatedTokens += this.#search(job);
    const { running, waiting } = this.#scheduler;
    this.#statistics.step({
      kind: 'step',
      numTokens: chunks.reduce((sum, chunk) => sum + chunk.numTokens, 0),
      numSequences: chunks.length,
      generatedTokens,
      ms: performance.now() - start,
      modelMs,
      running: running.length,
      waiting: waiting.length,
      freeBlocks: this.#cache.pool.numFree,
    });
  }

  #endOverdue(): void {
    const now = performance.now();
    for (const job of [...this.#scheduler.running, ...this.#scheduler.waiting])
      if (job.isOverdue(now) && job.request.search.finish('time')) this.#finish(job);
  }

  /** Has tokens guessed for the sequences that wait for their next one. */
  async #draft(): Promise<void> {
    for (const job of this.#scheduler.running) {
      const { drafting, maxLength } = job.request;
      if (drafting === undefined || !job.isGenerating) continue;
      for (const sequence of job.sequences) {
        const maxTokens = Math.min(drafting.maxTokens, maxLength - sequence.tokens.position - 1);
        if (maxTokens <= 0) continue;
        const tokenIds = await drafting.proposer.propose(sequence.tokens, maxTokens);
        if (!job.hasEnded && tokenIds.length > 0) sequence.draft = { tokenIds: tokenIds.slice(0, maxTokens) };
      }
    }
  }

  #announce({ admitted, preempted }: Schedule): void {
    for (const job of admitted) {
      job.start();
      this.#statistics.request('admitted', job);
    }
    for (const job of preempted) this.#statistics.request('preempted', job);
  }

  /** Nobody can go on: blocks of the cache are held by others than the engine's requests. */
  #failStuck(): void {
    const job = this.#scheduler.running[0] ?? this.#scheduler.waiting[0];
    const { numFree, numBlocks } = this.#cache.pool;
    const error = new RangeError(
      `Cannot go on with a request: it needs more cache blocks, but ${numFree} of ${numBlocks} are free and none will be`,
    );
    if (job !== undefined) this.#fail(job, error, 'failed');
  }

  /** Lets a job's search choose tokens; gives how many. */
  #search(job: Job): number {
    const { search, guidance } = job.request;
    const hypotheses = job.sequences.map(hypothesisOf);
    let continuations: readonly Continuation[];
    try {
      if (guidance !== undefined)
        for (const sequence of job.sequences) guide(sequence.rows[0]!, sequence.guide!.rows[0]!, guidance.scale);
      continuations = search.advance(hypotheses);
    } catch (error) {
      this.#fail(job, error, 'failed');
      return 0;
    }
    const { ms, isFirst } = job.tokensChosen();
    this.#statistics.chose(ms, isFirst);
    job.continue(continuations);
    if (continuations.length === 0) this.#finish(job);
    return continuations.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
  }

  #finish(job: Job): void {
    this.#end(job, 'finished')?.resolve(job.report());
  }

  #fail(job: Job, error: unknown, kind: 'aborted' | 'failed'): void {
    this.#end(job, kind)?.reject(error);
  }

  /** Takes a job out and frees its cache. */
  #end(job: Job, kind: 'finished' | 'aborted' | 'failed'): Outcome | undefined {
    const outcome = this.#outcomes.get(job);
    this.#outcomes.delete(job);
    this.#scheduler.remove(job);
    job.hasEnded = true;
    outcome?.forget();
    this.#statistics.request(kind, job);
    return outcome;
  }
}

/** The engine has as many requests waiting as it takes. */
export class QueueFullError extends RangeError {
  override readonly name = 'QueueFullError';
}

interface Outcome {
  readonly resolve: (report: RequestReport) => void;
  readonly reject: (error: unknown) => void;
  /** Stops listening to the request's signal. */
  readonly forget: () => void;
}

function hypothesisOf(sequence: Sequence): Hypothesis {
  const { tokens, rows, draft } = sequence;
  return { sequence: tokens, rows, draft, hidden: sequence.allHidden() };
}

/** Places in the last blocks of all sequences that no token has. */
function unusedSlots(running: readonly Job[]): number {
  const used = new Map<number, number>();
  for (const { cached } of running.flatMap((job) => job.members))
    for (const [i, block] of cached.blockTable.entries())
      used.set(block, Math.max(used.get(block) ?? 0, Math.min(CACHE_BLOCK_SIZE, cached.length - i * CACHE_BLOCK_SIZE)));
  return [...used.values()].reduce((sum, numTokens) => sum + CACHE_BLOCK_SIZE - numTokens, 0);
}
