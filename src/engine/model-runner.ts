import type { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import type { HiddenStep, LikeliestRows, StepOptions } from '../models/model-step.ts';
import type { StepModel } from './step-model.ts';
import type { Chunk, Encoding } from './step-plan.ts';

/** Runs a planned step through the model and gives each sequence its logits and hidden states. */
export class ModelRunner {
  readonly #model: StepModel;
  readonly #cache: PagedKvCache;
  /** Logits of a step: a new array each time would be garbage of many megabytes before it is collected. */
  #logits = new Float32Array(0);

  constructor(model: StepModel, cache: PagedKvCache) {
    this.#model = model;
    this.#cache = cache;
  }

  /**
   * Encodes the sources and computes the chunks, which may attend to them. A chunk whose job has ended meanwhile gets nothing.
   * If it throws, no sequence has grown.
   */
  async run(chunks: readonly Chunk[], encodings: readonly Encoding[] = []): Promise<void> {
    try {
      this.#encode(encodings);
      await this.#compute(chunks);
    } catch (error) {
      for (const { source } of encodings) source.sequence.release();
      throw error;
    }
  }

  /** Records it: the device does it before the step that follows. */
  #encode(encodings: readonly Encoding[]): void {
    if (encodings.length === 0) return;
    const entries = encodings.map(({ job, source: { sequence, tokenIds } }) => ({
      ...{ sequence, tokenIds, adapter: job.request.adapter?.adapter },
    }));
    this.#model.encoder!.encode(this.#cache, entries);
  }

  async #compute(chunks: readonly Chunk[]): Promise<void> {
    // Where each chunk begins, before the step moves it.
    const starts = chunks.map(({ sequence }) => sequence.numComputed);
    const withRows = chunks.filter(needsRows);
    const withLikeliest = chunks.filter((chunk) => !needsRows(chunk));
    const logSums = logSumsFor(withRows);
    const likeliest = likeliestFor(chunks, this.#model.config.vocabSize);
    const { logits, hidden } = await this.#step(chunks, { logSums, likeliest });
    this.#giveRows(withRows, logits);
    giveLogSums(withRows, logSums);
    if (likeliest !== undefined) giveLikeliest(withLikeliest, likeliest);
    giveLogSums(withLikeliest, likeliest?.logSums);
    if (hidden !== undefined) giveHidden(chunks, starts, hidden);
  }

  #step(
    chunks: readonly Chunk[],
    wanted: Pick<StepOptions, 'logSums' | 'likeliest'>,
  ): Promise<Partial<HiddenStep> & Pick<HiddenStep, 'logits'>> {
    const entries = chunks.map(({ job, sequence, numTokens }) => ({
      sequence: sequence.cached,
      tokenIds: sequence.pendingIds(numTokens),
      adapter: job.request.adapter?.adapter,
      source: sequence.source?.source?.sequence,
    }));
    const logits = chunks.map((chunk) => (needsRows(chunk) ? chunk.numRows : 0));
    const options = { ...wanted, logits, target: this.#target(sum(logits)) };
    if (chunks.some(({ job }) => job.request.search.needsHidden))
      return this.#model.stepWithHidden(this.#cache, entries, options);
    return this.#model.step(this.#cache, entries, options).then((values) => ({ logits: values }));
  }

  #target(numRows: number): Float32Array {
    const length = numRows * this.#model.config.vocabSize;
    if (this.#logits.length < length) this.#logits = new Float32Array(length);
    return this.#logits.subarray(0, length);
  }

  #giveRows(chunks: readonly Chunk[], logits: Float32Array): void {
    const { vocabSize } = this.#model.config;
    let start = 0;
    for (const { job, sequence, numRows } of chunks) {
      const rows = Array.from({ length: numRows }, (_, i) =>
        logits.subarray(start + i * vocabSize, start + (i + 1) * vocabSize),
      );
      if (!job.hasEnded) sequence.rows = rows;
      start += numRows * vocabSize;
    }
    // The next step writes over the rows of a job that still waits for others of its sequences.
    for (const { job, sequence } of chunks) if (!job.isReady) sequence.rows = sequence.rows.map((row) => row.slice());
  }
}

function needsRows({ job }: Chunk): boolean {
  return job.request.search.numLikeliest === undefined;
}

/** Room for the likeliest tokens of each row of which no more is wanted, if there are such: as many as one of them needs. */
function likeliestFor(chunks: readonly Chunk[], vocabSize: number): LikeliestRows | undefined {
  const chunksOfThem = chunks.filter((chunk) => !needsRows(chunk));
  if (chunksOfThem.length === 0) return undefined;
  const rows = chunks.map((chunk) => (needsRows(chunk) ? 0 : chunk.numRows));
  const count = Math.min(vocabSize, Math.max(...chunksOfThem.map(({ job }) => job.request.search.numLikeliest!)));
  const length = sum(rows) * count;
  const logSums = logSumsFor(chunksOfThem);
  return { rows, count, tokenIds: new Int32Array(length), logits: new Float32Array(length), logSums };
}

function giveLikeliest(chunks: readonly Chunk[], { count, tokenIds, logits }: LikeliestRows): void {
  let start = 0;
  for (const { job, sequence, numRows } of chunks) {
    const own = Math.min(count, job.request.search.numLikeliest!);
    const rows = Array.from({ length: numRows }, (_, i) => {
      const first = start + i * count;
      return { tokenIds: tokenIds.subarray(first, first + own), logits: logits.subarray(first, first + own) };
    });
    if (numRows > 0 && !job.hasEnded) sequence.likeliest = rows;
    start += numRows * count;
  }
}

/** Room for log Σ exp of each row of chunks, if a search wants it; not known where the model does not say. */
function logSumsFor(chunks: readonly Chunk[]): Float32Array | undefined {
  if (!chunks.some(({ job, numRows }) => numRows > 0 && job.request.search.needsLogSums)) return undefined;
  return new Float32Array(sum(chunks.map(({ numRows }) => numRows))).fill(Number.NaN);
}

function giveLogSums(chunks: readonly Chunk[], logSums: Float32Array | undefined): void {
  if (logSums === undefined) return;
  let start = 0;
  for (const { job, sequence, numRows } of chunks) {
    if (job.request.search.needsLogSums && !job.hasEnded) sequence.logSums = logSums.subarray(start, start + numRows);
    start += numRows;
  }
}

/** Gives each sequence that wants them the hidden states of its tokens that the search has not seen. */
function giveHidden(chunks: readonly Chunk[], starts: readonly number[], hidden: Float32Array): void {
  const numTokens = sum(chunks.map((chunk) => chunk.numTokens));
  const width = hidden.length / numTokens;
  let row = 0;
  for (const [i, { job, sequence, numTokens: count }] of chunks.entries()) {
    const numSeen = Math.min(count, Math.max(0, sequence.numHiddenSeen - starts[i]!));
    if (job.request.search.needsHidden && !job.hasEnded)
      sequence.hidden.push(hidden.slice((row + numSeen) * width, (row + count) * width));
    row += count;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
