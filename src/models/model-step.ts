import { findForeignToken } from '../base/find-foreign-token.ts';
import type { SequenceTokens } from '../kv-cache/paged-kv-cache.ts';
import type { BatchOptions, LogitRows, Observer, StepEntry } from '../nn/forward-batch.ts';
import { argmax, gatherRows, topK } from '../ops/rows.ts';
import { logSumExp } from '../ops/softmax.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { Parameters } from './parameters.ts';

/** How a model runs a step. */
export interface StepOptions {
  readonly logits: LogitRows;
  /** Where the logits go; a new array unless given. */
  readonly target?: Float32Array | undefined;
  /** Where log Σ exp of each row of logits goes, if it is wanted. */
  readonly logSums?: Float32Array | undefined;
  /** Further rows, of which only the likeliest tokens are wanted: their logits stay on the device. */
  readonly likeliest?: LikeliestRows | undefined;
  readonly observe?: Observer | undefined;
}

/** Rows whose likeliest tokens are wanted, in the order of `LikeliestTokens`. */
export interface LikeliestRows {
  /** As many of the last tokens of each sequence. */
  readonly rows: readonly number[];
  /** Tokens of each row, 1 to V. */
  readonly count: number;
  /** (rows · count): where the token ids go. */
  readonly tokenIds: Int32Array;
  /** (rows · count): where their logits go. */
  readonly logits: Float32Array;
  /** (rows): where log Σ exp of each row goes, over all of its tokens, if it is wanted. */
  readonly logSums?: Float32Array | undefined;
}

/** What a step with hidden states gives. */
export interface HiddenStep {
  /** (rows · V). */
  readonly logits: Float32Array;
  /** (T · C), after the final norm. */
  readonly hidden: Float32Array;
}

/** How a batch is laid out for a step. */
export function batchOptions({ logits, likeliest, observe }: StepOptions): BatchOptions {
  return { logits, furtherRows: likeliest?.rows, observe };
}

/** What is wanted of logits whose last rows are those of `likeliest`. */
export async function readRows(logits: Tensor, options: StepOptions): Promise<Float32Array> {
  const { likeliest } = options;
  if (likeliest === undefined || likeliest.tokenIds.length === 0) return readLogits(logits, options);
  const numRows = logits.numRows - likeliest.tokenIds.length / likeliest.count;
  const first = Int32Array.from({ length: numRows }, (_, row) => row);
  const [rest] = await Promise.all([
    numRows === 0 ? new Float32Array(0) : readLogits(gatherRows(logits, Tensor.from(logits.backend, first)), options),
    readLikeliest(logits, numRows, likeliest),
  ]);
  return rest;
}

/** Takes the likeliest tokens of the rows from `start` on. */
async function readLikeliest(logits: Tensor, start: number, { count, ...to }: LikeliestRows): Promise<void> {
  // Threads share a row of argmax, and topK only the rows.
  const { indices, values } = count === 1 ? argmax(logits) : topK(logits, count);
  const reads = [indices.read(), values.read(), to.logSums && logSumExp(logits).read()] as const;
  const [tokenIds, largest, logSums] = await Promise.all(reads);
  to.tokenIds.set(tokenIds.subarray(start * count));
  to.logits.set(largest.subarray(start * count));
  if (logSums !== undefined) to.logSums!.set(logSums.subarray(start));
}

async function readLogits(logits: Tensor, { target, logSums }: StepOptions): Promise<Float32Array> {
  const reads = [logits.read(target), logSums && logSumExp(logits).read()] as const;
  const [values, sums] = await Promise.all(reads);
  if (sums !== undefined) logSums!.set(sums);
  return values as Float32Array;
}

/** What `body` gives; if it throws or rejects, the sequences are as long as they were. */
export function withoutGrowthOnError<Result>(entries: readonly SequenceTokens[], body: () => Result): Result {
  const before = entries.map(({ sequence }) => sequence.length);
  const undo = (error: unknown): never => {
    for (const [i, { sequence }] of entries.entries()) sequence.truncate(Math.min(before[i]!, sequence.length));
    throw error;
  };
  try {
    const result = body();
    return result instanceof Promise ? (result.catch(undo) as Result) : result;
  } catch (error) {
    return undo(error);
  }
}

/** Throws a `RangeError` for a token that is not in the vocabulary. */
export function expectTokenIds(tokenIds: readonly number[], vocabSize: number, action = 'run the model'): void {
  const wrong = findForeignToken(tokenIds, vocabSize);
  if (wrong !== undefined) throw new RangeError(`Cannot ${action}: token id ${wrong}, wanted 0 to ${vocabSize - 1}`);
}

/** Throws a `TypeError` for an adapter of another model: it knows its layers by their weights, and would do nothing. */
export function expectAdapters(entries: readonly Pick<StepEntry, 'adapter'>[], parameters: Parameters): void {
  for (const { adapter } of entries) {
    const [weight] = adapter?.layers.keys() ?? [];
    if (weight !== undefined && !parameters.has(weight))
      throw new TypeError('Cannot run the model: the adapter is one of another model');
  }
}
