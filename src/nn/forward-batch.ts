import type { AttentionSpan, DeviceCache, PagedBatch, PositionBias } from '../backend/backend.ts';
import type { CachedSequence } from '../kv-cache/cached-sequence.ts';
import type { PagedKvCache, SequenceTokens } from '../kv-cache/paged-kv-cache.ts';
import { Tensor } from '../tensor/tensor.ts';
import { type AdaptedRows, type Adapter, adaptedRowsOf } from './adapter.ts';
import type { Dropout } from './dropout.ts';
import type { InputObserver } from './linear.ts';

export type { Dropout } from './dropout.ts';

/**
 * Which rows of a batch get logits: the last token of each sequence, every token, no token (only the cache fills), or as
 * many of the last tokens of each sequence as the list says.
 */
export type LogitRows = 'last' | 'all' | 'none' | readonly number[];

/** Sees the activations of a forward pass by module path; `tensor.read()` gives their values. */
export type Observer = (path: string, tensor: Tensor) => void;

/**
 * What the tokens of a step attend to. `cached`: those of their sequences before them, which are in the paged cache of each
 * layer, where their own keys and values go too. `whole`: each span of rows is a whole sequence and nothing is kept, as in
 * training.
 */
export type AttentionContext = CachedContext | WholeContext;

export interface CachedContext {
  readonly kind: 'cached';
  readonly paged: PagedBatch & { readonly maxKeyLength: number };
  readonly caches: readonly DeviceCache[];
}

export interface WholeContext {
  readonly kind: 'whole';
  readonly spans: readonly AttentionSpan[];
}

/**
 * The sources that a decoder's tokens attend to. `stored`: their keys and values are in a cache of each layer, `paged` says
 * which rows read which. `whole`: the encoder's output (S, C), nothing is kept, as in training.
 */
export type SourceContext =
  | {
      readonly kind: 'stored';
      readonly paged: PagedBatch & { readonly maxKeyLength: number };
      readonly caches: readonly DeviceCache[];
    }
  | { readonly kind: 'whole'; readonly encoded: Tensor; readonly spans: readonly AttentionSpan[] };

/** `input` after the batch's dropout, if it has one. */
export function dropped(input: Tensor, { dropout }: ForwardBatch, site: string): Tensor {
  return dropout === undefined ? input : dropout(input, site);
}

/** The tokens of one step: a ragged batch of T rows from several sequences. */
export interface ForwardBatch {
  /** int32 (T). */
  readonly tokenIds: Tensor;
  /** Position of each row in its sequence. */
  readonly positions: Int32Array;
  readonly context: AttentionContext;
  /** In encoder-decoder models only. */
  readonly source?: SourceContext | undefined;
  /** Rows that need logits, int32; undefined means all. */
  readonly logitRows: Tensor | undefined;
  readonly observe: Observer | undefined;
  readonly observeInput?: InputObserver | undefined;
  /** Added to the scores of self-attention by the stack that has one. */
  readonly positionBias?: PositionBias<Tensor> | undefined;
  /** Rows that adapters change; undefined means none. */
  readonly adapters?: readonly AdaptedRows[] | undefined;
  /** Of the embedding and of what each sublayer adds to the residual stream; in training only. */
  readonly dropout?: Dropout | undefined;
  /** Keep no activations within a block for the gradient, but compute them again. */
  readonly recompute?: boolean | undefined;
}

/** New tokens of one sequence, the adapter that they go through, and the encoded source that they attend to. */
export interface StepEntry extends SequenceTokens {
  readonly adapter?: Adapter | undefined;
  /** In encoder-decoder models: a sequence of the same cache. */
  readonly source?: CachedSequence | undefined;
}

export interface BatchOptions {
  readonly logits: LogitRows;
  /** Rows that follow those of `logits`: as many of the last tokens of each sequence as it says. */
  readonly furtherRows?: readonly number[] | undefined;
  readonly observe?: Observer | undefined;
}

/** Lays out new tokens of several sequences as one batch, making room for them in the cache. Call inside a scope. */
export function createForwardBatch(
  cache: PagedKvCache,
  entries: readonly StepEntry[],
  options: BatchOptions,
): ForwardBatch {
  const backend = cache.backend;
  const paged = cache.plan(entries);
  const tokenIds = new Int32Array(paged.numTokens);
  const positions = new Int32Array(paged.numTokens);
  let row = 0;
  for (const entry of entries) {
    const firstPosition = entry.sequence.length - entry.tokenIds.length;
    for (const [j, id] of entry.tokenIds.entries()) {
      tokenIds[row] = id;
      positions[row] = firstPosition + j;
      row += 1;
    }
  }
  const logitRows = [...lastRows(options.logits, entries), ...lastRows(options.furtherRows ?? 'none', entries)];
  const isEveryRow = logitRows.length === paged.numTokens && logitRows.every((logitRow, i) => logitRow === i);
  return {
    tokenIds: Tensor.from(backend, tokenIds),
    positions,
    context: { kind: 'cached', paged, caches: cache.layers },
    source: storedSources(cache, entries),
    logitRows: isEveryRow ? undefined : Tensor.from(backend, Int32Array.from(logitRows)),
    observe: options.observe,
    adapters: adaptedRowsOf(backend, entries),
  };
}

/** Which source each row reads; undefined in models without sources. */
function storedSources(cache: PagedKvCache, entries: readonly StepEntry[]): SourceContext | undefined {
  const reads = entries.flatMap(({ source, tokenIds }) =>
    source === undefined ? [] : [{ sequence: source, numQueries: tokenIds.length }],
  );
  if (reads.length === 0) return undefined;
  return { kind: 'stored', paged: cache.planReads(reads), caches: cache.layers };
}

/** The rows of the last tokens of each sequence. */
function lastRows(rows: LogitRows, entries: readonly StepEntry[]): readonly number[] {
  const last: number[] = [];
  let end = 0;
  for (const [i, { tokenIds }] of entries.entries()) {
    end += tokenIds.length;
    for (let row = end - numLogitRows(rows, i, tokenIds.length); row < end; row++) last.push(row);
  }
  return last;
}

/** Rows of entry `i`, which has `numTokens` new tokens, that get logits. */
function numLogitRows(rows: LogitRows, i: number, numTokens: number): number {
  if (rows === 'all') return numTokens;
  if (rows === 'last') return 1;
  if (rows === 'none') return 0;
  const count = rows[i]!;
  if (!(count >= 0 && count <= numTokens))
    throw new RangeError(`Cannot lay out a batch: ${count} rows of logits for ${numTokens} new tokens`);
  return count;
}
