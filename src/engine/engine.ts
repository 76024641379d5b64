import { EventBreaks } from '../base/event-breaks.ts';
import type { Continuation, Hypothesis } from '../decoding/search-strategy.ts';
import type { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import { PrefixCache } from '../kv-cache/prefix-cache.ts';
import { SourceCache } from '../kv-cache/source-cache.ts';
import { guide } from '../sampling/guidance.ts';
import { restorePrefixCache, savePrefixCache } from './cache-file-prefixes.ts';
import type { EngineLimits } from './engine-options.ts';
import { expectServable } from './expect-servable.ts';
import { Job } from './job.ts';
import { ModelRunner } from './model-runner.ts';
import { PrefixSharing } from './prefix-sharing.ts';
import type { EngineRequest, RequestReport } from './request.ts';
import { type Schedule, Scheduler } from './scheduler.ts';
import type { Sequence } from './sequence.ts';
import type { DraftModel } from './speculative/draft-model.ts';
import { Drafter } from './speculative/drafter.ts';
import { type EngineEvent, type EngineStatistics, Statistics } from './statistics.ts';
import type { StepModel } from './step-model.ts';
import type { Chunk, Encoding } from './step-plan.ts';

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
  /** What requests have computed and left behind; undefined if it is switched off. */
  readonly prefixes: PrefixCache | undefined;
  readonly #cache: PagedKvCache;
  readonly #model: StepModel;
  readonly #sharing: PrefixSharing | undefined;
  readonly #sources: SourceCache;
  readonly #drafter: Drafter;
  readonly #limits: EngineLimits;
  readonly #scheduler: Scheduler;
  readonly #runner: ModelRunner;
  readonly #statistics = new Statistics();
  readonly #breaks = new EventBreaks();
  /** What becomes of each request that is not over. */
  readonly #outcomes = new Map<Job, Outcome>();
  /** Until it resolves, no step is made. */
  #pause: Promise<void> = Promise.resolve();
  #numArrivals = 0;
  #isRunning = false;
  #isDisposed = false;

  /** The cache and the draft model stay their owner's. */
  constructor(model: StepModel, cache: PagedKvCache, limits: EngineLimits, draftModel?: DraftModel) {
    this.#model = model;
    this.#cache = cache;
    this.#limits = limits;
    this.prefixes = limits.prefixCache ? new PrefixCache(cache.pool) : undefined;
    this.#sharing = this.prefixes && new PrefixSharing(this.prefixes);
    this.#sources = new SourceCache(cache.pool, { keeps: limits.prefixCache });
    this.#scheduler = new Scheduler(cache, limits, (job, sequence) => this.#sharing?.adopt(job, sequence));
    this.#runner = new ModelRunner(model, cache);
    this.#drafter = new Drafter(model.config.vocabSize, draftModel);
  }

  /**
   * Takes a request and resolves when its search is over. Throws a `RangeError` for a request that could never be served, a
   * full queue, and logits that are not finite; what the search throws; and the signal's reason when it aborts.
   */
  async submit(request: EngineRequest): Promise<RequestReport> {
    request.signal?.throwIfAborted();
    if (this.#isDisposed) throw new Error('Cannot take a request: the engine is disposed');
    this.#expectServable(request);
    this.#expectRoomInQueue();
    const job = new Job({ cache: this.#cache, sources: this.#sources }, request, this.#numArrivals++);
    const report = new Promise<RequestReport>((resolve, reject) => this.#follow(job, resolve, reject));
    this.#scheduler.add(job);
    this.#statistics.request('submitted', job);
    void this.#run();
    return report;
  }

  /** Makes what the prefix cache holds into a file; requests wait meanwhile. `fingerprint` names the model. */
  savePrefixes(fingerprint: string): Promise<Uint8Array<ArrayBuffer>> {
    return this.#betweenSteps(() => savePrefixCache(this.#cache, this.#expectPrefixes(), fingerprint));
  }

  /**
   * Puts the blocks of such a file into the prefix cache, as many as there is room for, and gives how many. Throws a
   * `CacheFileError` for a file that is damaged or of another model; nothing has changed then.
   */
  restorePrefixes(bytes: Uint8Array, fingerprint: string): Promise<number> {
    return this.#betweenSteps(() => restorePrefixCache(this.#cache, this.#expectPrefixes(), bytes, fingerprint));
  }

  /** What the engine does now, and has done. */
  statistics(): EngineStatistics {
    const { running, waiting } = this.#scheduler;
    return this.#statistics.snapshot({ running, waiting, pool: this.#cache.pool });
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

  #expectPrefixes(): PrefixCache {
    if (this.prefixes !== undefined) return this.prefixes;
    throw new Error('Cannot save or restore the prefix cache: it is switched off');
  }

  /** Holds up the next step until `body` is done. */
  #betweenSteps<Result>(body: () => Promise<Result>): Promise<Result> {
    const result = this.#pause.then(body);
    this.#pause = result.then(
      () => {},
      () => {},
    );
    return result;
  }

  #expectServable(request: EngineRequest): void {
    expectServable(request, {
      model: this.#model,
      numBlocks: this.#cache.pool.numBlocks,
      maxNumSequences: this.#limits.maxNumSequences,
      hasDraftModel: this.#drafter.hasModel,
    });
  }

  #expectRoomInQueue(): void {
    const { length } = this.#scheduler.waiting;
    // Without a step under way, the first one that waits does not wait long.
    if (length >= this.#limits.maxQueueLength + (this.#isRunning ? 0 : 1))
      throw new QueueFullError(`Cannot take a request: ${length} wait already, as many as may`);
  }

  #follow(job: Job, resolve: Outcome['resolve'], reject: Outcome['reject']): void {
    const given = job.request.signal;
    // One signal may end many requests; Node warns of many listeners on one.
    const signal = given && AbortSignal.any([given]);
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
      try {
        await this.#step();
      } catch (error) {
        // No request may wait for ever.
        for (const job of [...this.#outcomes.keys()]) this.#fail(job, error, 'failed');
      }
    }
    this.#isRunning = false;
  }

  async #step(): Promise<void> {
    const start = performance.now();
    this.#endOverdue();
    await this.#drafter.draft(this.#scheduler.running, (job, error) => this.#fail(job, error, 'failed'));
    // From here on nothing waits until the model has begun, so that nobody pauses the engine between plan and step.
    await this.#pause;
    const schedule = this.#scheduler.schedule();
    if (schedule.chunks.length + schedule.encodings.length === 0) return this.#failStuck();
    this.#announce(schedule);
    // Who listens may have ended some.
    const chunks = schedule.chunks.filter(({ job }) => !job.hasEnded);
    const encodings = schedule.encodings.filter(({ source }) => source.isHeld);
    if (chunks.length + encodings.length === 0) return;
    const modelStart = performance.now();
    const jobs = new Set([...encodings, ...chunks].map(({ job }) => job));
    try {
      await this.#runner.run(chunks, encodings);
    } catch (error) {
      for (const job of jobs) this.#fail(job, error, 'failed');
      return;
    }
    const modelMs = performance.now() - modelStart;
    this.#drafter.stepDone(chunks, modelMs);
    for (const { source } of encodings) this.#sources.keep(source);
    for (const { job, sequence } of chunks) if (!job.hasEnded) this.#sharing?.computed(job, sequence);
    let generatedTokens = 0;
    for (const job of jobs) if (!job.hasEnded && job.isReady) generatedTokens += this.#search(job);
    const ms = performance.now() - start;
    this.#statistics.step({ kind: 'step', ...this.#counts(chunks, encodings), generatedTokens, ms, modelMs });
  }

  #counts(chunks: readonly Chunk[], encodings: readonly Encoding[]) {
    return {
      numTokens: chunks.reduce((sum, chunk) => sum + chunk.numTokens, 0),
      numSourceTokens: encodings.reduce((sum, { source }) => sum + source.tokenIds.length, 0),
      numSequences: chunks.length,
      running: this.#scheduler.running.length,
      waiting: this.#scheduler.waiting.length,
      freeBlocks: this.#cache.pool.numFree,
    };
  }

  #endOverdue(): void {
    const now = performance.now();
    for (const job of [...this.#scheduler.running, ...this.#scheduler.waiting])
      if (job.isOverdue(now) && job.request.search.finish('time')) this.#finish(job);
  }

  #announce({ admitted, preempted }: Schedule): void {
    for (const job of admitted) {
      if (job.start()) this.#statistics.found(job.cachedTokens ?? 0);
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
    const { sequences } = job;
    let continuations: readonly Continuation[];
    try {
      if (guidance !== undefined) for (const sequence of sequences) guideRow(sequence, guidance.scale);
      continuations = search.advance(sequences.map(hypothesisOf));
    } catch (error) {
      this.#fail(job, error, 'failed');
      return 0;
    }
    const { ms, isFirst } = job.tokensChosen();
    this.#statistics.chose(ms, isFirst);
    for (const { parent, tokenIds } of continuations) this.#drafter.searched(job, sequences[parent]!.draft, tokenIds);
    // The search may have led to the request's end from outside.
    if (job.hasEnded) return 0;
    const alive = continuations.filter(({ isLast }) => !isLast);
    job.continue(alive);
    this.#drafter.release(sequences.filter((sequence) => !job.sequences.includes(sequence)));
    if (alive.length === 0) this.#finish(job);
    return continuations.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
  }

  #finish(job: Job): void {
    this.#end(job, 'finished')?.resolve({ ...job.report(), speculation: this.#drafter.report(job) });
  }

  #fail(job: Job, error: unknown, kind: 'aborted' | 'failed'): void {
    this.#end(job, kind)?.reject(error);
  }

  /** Takes a job out and frees its cache. */
  #end(job: Job, kind: 'finished' | 'aborted' | 'failed'): Outcome | undefined {
    const outcome = this.#outcomes.get(job);
    if (outcome === undefined) return undefined;
    this.#outcomes.delete(job);
    this.#drafter.release(job.sequences);
    this.#scheduler.remove(job);
    job.hasEnded = true;
    outcome.forget();
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

function guideRow(sequence: Sequence, scale: number): void {
  guide(sequence.rows[0]!, sequence.guide!.rows[0]!, scale);
  sequence.logSums = undefined;
}

function hypothesisOf(sequence: Sequence): Hypothesis {
  const { tokens, rows, likeliest, draft, logSums } = sequence;
  return { sequence: tokens, rows, likeliest, draft, logSums, hidden: sequence.allHidden() };
}
