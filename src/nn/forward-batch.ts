import type { AttentionSpan, DeviceCache, PagedBatch } from '../backend/backend.ts';
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
export type AttentionContext =
  | {
      readonly kind: 'cached';
      readonly paged: PagedBatch & { readonly maxKeyLength: number };
      readonly caches: readonly DeviceCache[];
    }
  | { readonly kind: 'whole'; readonly spans: readonly AttentionSpan[] };

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
  /** Rows that adapters change; undefined means none. */
  readonly adapters?: readonly AdaptedRows[] | undefined;
  /** Of the embedding and of what each sublayer adds to the residual stream; in training only. */
  readonly dropout?: Dropout | undefined;
  /** Keep no activations within a block for the gradient, but compute them again. */
  readonly recompute?: boolean | undefined;
}

/** New tokens of one sequence, and the adapter that they go through. */
export interface StepEntry extends SequenceTokens {
  readonly adapter?: Adapter | undefined;
}

/** Lays out new tokens of several sequences as one batch, making room for them in the cache. Call inside a scope. */
export function createForwardBatch(
  cache: PagedKvCache,
  entries: readonly StepEntry[],
  options: { readonly logits: LogitRows; readonly observe?: Observer | undefined },
): ForwardBatch {
  const backend = cache.backend;
  const paged = cache.plan(entries);
  const tokenIds = new Int32Array(paged.numTokens);
  const positions = new Int32Array(paged.numTokens);
  const logitRows: number[] = [];
  let row = 0;
  for (const [i, entry] of entries.entries()) {
    const firstPosition = entry.sequence.length - entry.tokenIds.length;
    for (const [j, id] of entry.tokenIds.entries()) {
      tokenIds[row] = id;
      positions[row] = firstPosition + j;
      row += 1;
    }
    const count = numLogitRows(options.logits, i, entry.tokenIds.length);
    for (let logitRow = row - count; logitRow < row; logitRow++) logitRows.push(logitRow);
  }
  return {
    tokenIds: Tensor.from(backend, tokenIds),
    positions,
    context: { kind: 'cached', paged, caches: cache.layers },
    logitRows: logitRows.length === paged.numTokens ? undefined : Tensor.from(backend, Int32Array.from(logitRows)),
    observe: options.observe,
    adapters: adaptedRowsOf(backend, entries),
  };
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
