import { CACHE_BLOCK_SIZE } from '../backend/backend.ts';
import type { CacheDType } from '../backend/dtype.ts';
import { EventBreaks } from '../base/event-breaks.ts';
import type { CachedSequence } from '../kv-cache/cached-sequence.ts';
import { PagedKvCache } from '../kv-cache/paged-kv-cache.ts';
import type { CausalLM } from '../models/causal-lm.ts';
import type { Adapter } from '../nn/adapter.ts';
import { scoreWindows } from './score-windows.ts';

/** Tokens of which some are scored, given those before them. */
export interface DocumentToScore {
  readonly tokenIds: readonly number[];
  /** Tokens at the beginning that are not scored, at least 1; 1 unless given. */
  readonly numGiven?: number | undefined;
}

export interface ScoreDocumentsInput {
  readonly model: CausalLM;
  readonly adapter?: Adapter | undefined;
  readonly documents: readonly DocumentToScore[];
  /** Most tokens that a window has. */
  readonly contextLength: number;
  /** Tokens between the beginnings of two windows; half the context unless given. */
  readonly stride?: number | undefined;
  /** What keys and values are kept in; float32 unless given. */
  readonly cacheDType?: CacheDType | undefined;
  /** Whether runs carry the logits too. */
  readonly withLogits?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Tokens of a document that were scored together. */
export interface ScoredRun {
  /** The number of the document. */
  readonly document: number;
  /** The position of the run's first token in it. */
  readonly first: number;
  /** Natural log probability of each token of the run, given those of its window before it. */
  readonly logProbs: Float32Array;
  /** A row (V) for each, of which `logProbs` follow; only with `withLogits`. */
  readonly logits: Float32Array | undefined;
}

/** Tokens computed at once: their logits, V numbers each, may all be on the device together. */
export const MAX_STEP_TOKENS = 128;

/** Windows that share a step. */
const MAX_STEP_WINDOWS = 32;

/**
 * Scores documents, in windows where they are longer than the context (`scoreWindows`), several windows in a step. Gives the
 * scored tokens in order; which of them come together depends on lengths and the stride alone. The cache is its own, and gone at
 * the end.
 *
 * Throws a `RangeError` as `scoreWindows`, and for a log probability that is NaN; and the signal's reason.
 */
export async function* scoreDocuments(input: ScoreDocumentsInput): AsyncGenerator<ScoredRun, void, void> {
  const { model, adapter, cacheDType, withLogits, signal } = input;
  const windows = windowsOf(input);
  const cache = model.createCache(cacheTokens(windows), 1, cacheDType);
  const breaks = new EventBreaks();
  const sequences = new Map<Window, CachedSequence>();
  try {
    for (const chunks of packChunks(windows)) {
      await breaks.take();
      signal?.throwIfAborted();
      const entries = chunks.map(({ window, from, to }) => {
        if (from === window.start) sequences.set(window, cache.createSequence());
        const { tokenIds } = window;
        const targets = tokenIds.slice(Math.max(from + 1, window.firstTarget), to + 1);
        return { sequence: sequences.get(window)!, tokenIds: tokenIds.slice(from, to), targets, adapter };
      });
      const scored = await model.scoreStep(cache, entries, { withLogits });
      yield* runsOf(chunks, scored, model.config.vocabSize);
      for (const { window, to } of chunks) if (to === window.end - 1) sequences.get(window)!.release();
    }
  } finally {
    cache.dispose();
  }
}

/** A window over a document whose tokens from `firstTarget` on are scored. */
interface Window {
  readonly document: number;
  readonly tokenIds: readonly number[];
  readonly start: number;
  readonly end: number;
  readonly firstTarget: number;
}

/** Tokens `from` … `to` − 1 of a document, of one window, which go through a step. */
interface Chunk {
  readonly window: Window;
  readonly from: number;
  readonly to: number;
}

function windowsOf({ documents, contextLength, stride }: ScoreDocumentsInput): readonly Window[] {
  return documents.flatMap(({ tokenIds, numGiven = 1 }, document) =>
    scoreWindows(tokenIds.length, contextLength, stride)
      .map((window) => ({ document, tokenIds, ...window, firstTarget: Math.max(window.firstTarget, numGiven) }))
      .filter(({ firstTarget, end }) => firstTarget < end),
  );
}

/** Windows in order, cut where a step is full. A window's last token is only a target. */
function* packChunks(windows: readonly Window[]): Generator<readonly Chunk[], void, void> {
  let chunks: Chunk[] = [];
  let room = MAX_STEP_TOKENS;
  for (const window of windows) {
    for (let from = window.start; from < window.end - 1; ) {
      const to = Math.min(window.end - 1, from + room);
      chunks.push({ window, from, to });
      room -= to - from;
      from = to;
      if (room > 0 && chunks.length < MAX_STEP_WINDOWS) continue;
      yield chunks;
      chunks = [];
      room = MAX_STEP_TOKENS;
    }
  }
  if (chunks.length > 0) yield chunks;
}

/** Room for one window that is under way, and for those that a step begins. */
function cacheTokens(windows: readonly Window[]): number {
  const blocks = windows.map(({ start, end }) => PagedKvCache.blocksFor(end - 1 - start));
  const all = blocks.reduce((sum, count) => sum + count, 0);
  const longest = blocks.reduce((most, count) => Math.max(most, count), 0);
  const atOnce = longest + PagedKvCache.blocksFor(MAX_STEP_TOKENS) + MAX_STEP_WINDOWS;
  return CACHE_BLOCK_SIZE * Math.min(all, atOnce);
}

function* runsOf(
  chunks: readonly Chunk[],
  { logProbs, logits }: { readonly logProbs: Float32Array; readonly logits: Float32Array | undefined },
  vocabSize: number,
): Generator<ScoredRun, void, void> {
  let row = 0;
  for (const { window, from, to } of chunks) {
    const first = Math.max(from + 1, window.firstTarget);
    if (first > to) continue;
    const end = row + to + 1 - first;
    const run = logProbs.subarray(row, end);
    requireNumbers(run, first);
    const rows = logits?.subarray(row * vocabSize, end * vocabSize);
    yield { document: window.document, first, logProbs: run, logits: rows };
    row = end;
  }
}

/** Throws a `RangeError` where one is NaN; `first` is the position of the first. */
export function requireNumbers(logProbs: Float32Array, first: number): void {
  const wrong = logProbs.findIndex(Number.isNaN);
  if (wrong >= 0)
    throw new RangeError(`Cannot score the token at position ${first + wrong}: its log probability is NaN`);
}
