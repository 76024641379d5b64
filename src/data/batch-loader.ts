import { requireKnownOptions } from './known-options.ts';
import type { TrainingBatch } from './training-batch.ts';

/**
 * Batches by number. Batch n depends on the dataset, the options and n alone, so training that is taken up again at step n
 * goes on as if it had never stopped. While a batch is used, the next one is read.
 */
export interface BatchLoader {
  /** Batches in which all data comes once; undefined where what comes is drawn at random. */
  readonly batchesPerEpoch: number | undefined;
  /** No batch has more rows; sources are not counted. */
  readonly maxTokens: number;
  /** Whether batches have a `source`. */
  readonly hasSources: boolean;
  /** JSON of all that batches depend on: loaders of equal identity give equal batches. */
  readonly identity: string;
  /** Throws a `RangeError` for a number below 0, and in stored order for one from `batchesPerEpoch` on. */
  batch(n: number): Promise<TrainingBatch>;
}

/** In which order documents come. */
export type BatchOrder =
  /** At random, or in another order each epoch. */
  | { readonly order?: 'shuffled' | undefined; readonly seed: number }
  /** All once, as they are stored: for evaluation. */
  | { readonly order: 'stored'; readonly seed?: undefined };

export interface BatchLoaderParts extends Omit<BatchLoader, 'batch' | 'identity'> {
  /** Of the dataset, and of the options. */
  readonly identity: object;
  /** Whether there is a batch n for every n. */
  readonly isEndless: boolean;
  read(n: number): Promise<TrainingBatch>;
}

/** A loader that checks numbers and reads the next batch ahead. */
export function createBatchLoader({ identity, isEndless, read, ...rest }: BatchLoaderParts): BatchLoader {
  const end = isEndless ? Number.MAX_SAFE_INTEGER : rest.batchesPerEpoch!;
  const readNext = readAhead(read, end);
  return {
    ...rest,
    identity: JSON.stringify(identity),
    async batch(n) {
      if (!Number.isSafeInteger(n) || n < 0 || n >= end)
        throw new RangeError(`Cannot read batch ${n}: wanted a whole number from 0 to ${end - 1}`);
      return readNext(n);
    },
  };
}

/** Reads batch n, and then batch n + 1, which will be there when it is asked for. */
function readAhead(read: BatchLoaderParts['read'], end: number): BatchLoaderParts['read'] {
  let ahead: { readonly n: number; readonly batch: Promise<TrainingBatch> } | undefined;
  return (n) => {
    const batch = ahead?.n === n ? ahead.batch : read(n);
    ahead = undefined;
    if (n + 1 === end) return batch;
    const readNext = () => read(n + 1);
    const next = { n: n + 1, batch: batch.then(readNext, readNext) };
    ahead = next;
    // What fails before it is asked for is read again then.
    next.batch.catch(() => {
      if (ahead === next) ahead = undefined;
    });
    return batch;
  };
}

/** Throws a `TypeError` for an unknown option and for an order that cannot be. */
export function checkBatchOptions(action: string, options: object & BatchOrder, known: readonly string[]): void {
  requireKnownOptions(action, options, ['order', 'seed', ...known]);
  const { order = 'shuffled', seed } = options;
  if (order !== 'shuffled' && order !== 'stored')
    throw new TypeError(`${action}: order is ${JSON.stringify(order)}, wanted "shuffled" or "stored"`);
  if (order === 'stored' && seed !== undefined)
    throw new TypeError(`${action}: seed is ${seed}, but nothing is drawn in stored order; leave it out`);
  if (order === 'shuffled' && (seed === undefined || !Number.isSafeInteger(seed) || seed < 0))
    throw new RangeError(`${action}: seed is ${seed}, wanted a whole number from 0 on`);
}

/** Throws a `RangeError` unless `value` is a whole number of at least `minimum`. */
export function requireCount(action: string, name: string, value: number, minimum = 1): void {
  if (Number.isSafeInteger(value) && value >= minimum) return;
  throw new RangeError(`${action}: ${name} is ${value}, wanted a whole number of at least ${minimum}`);
}
