import { findForeignToken } from '../base/find-foreign-token.ts';
import type { SequenceTokens } from '../kv-cache/paged-kv-cache.ts';
import type { BatchOptions, LogitRows, Observer, StepEntry } from '../nn/forward-batch.ts';
import { argmax, gatherRows } from '../ops/rows.ts';
import { tokenLogProbs } from '../ops/softmax.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { Parameters } from './parameters.ts';

/** How a model runs a step. */
export interface StepOptions {
  readonly logits: LogitRows;
  /** Where the logits go; a new array unless given. */
  readonly target?: Float32Array | undefined;
  /** Where log Σ exp of each row of logits goes, if it is wanted; no number where the row's first logit is not finite. */
  readonly logSums?: Float32Array | undefined;
  /** Further rows, of which only the likeliest token is wanted: their logits stay on the device. */
  readonly likeliest?: LikeliestRows | undefined;
  readonly observe?: Observer | undefined;
}

/** Rows whose likeliest token is wanted, the lowest id of equals. */
export interface LikeliestRows {
  /** As many of the last tokens of each sequence. */
  readonly rows: readonly number[];
  /** Where the token ids go, a number for each row. */
  readonly tokenIds: Int32Array;
  /** Where their logits go; not finite where the row has NaN or +∞, or −∞ alone. */
  readonly logits: Float32Array;
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
  const numRows = logits.numRows - likeliest.tokenIds.length;
  const { indices, values } = argmax(logits);
  const first = Tensor.from(
    logits.backend,
    Int32Array.from({ length: numRows }, (_, row) => row),
  );
  const reads = [indices.read(), values.read()] as const;
  const rest = numRows === 0 ? new Float32Array(0) : readLogits(gatherRows(logits, first), options);
  const [tokenIds, largest] = await Promise.all(reads);
  likeliest.tokenIds.set(tokenIds.subarray(numRows));
  likeliest.logits.set(largest.subarray(numRows));
  return rest;
}

/** Logits, and log Σ exp of each row where it is wanted: from log P(0) = x₀ − log Σ exp(x), so that the device adds up. */
async function readLogits(logits: Tensor, { target, logSums }: StepOptions): Promise<Float32Array> {
  if (logSums === undefined) return logits.read(target) as Promise<Float32Array>;
  const first = Tensor.from(logits.backend, new Int32Array(logits.numRows));
  const reads = [logits.read(target), tokenLogProbs(logits, first).read()] as const;
  const [values, logProbs] = (await Promise.all(reads)) as [Float32Array, Float32Array];
  for (const [row, logProb] of logProbs.entries()) logSums[row] = values[row * logits.numColumns]! - logProb;
  return values;
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
