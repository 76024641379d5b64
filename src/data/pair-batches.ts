import { assemblePairs } from './assemble-batch.ts';
import {
  type BatchLoader,
  type BatchOrder,
  checkBatchOptions,
  createBatchLoader,
  requireCount,
} from './batch-loader.ts';
import { bucketPairs, type PairLengths } from './bucket-pairs.ts';
import { documentOrder, epochOrder, measureDocuments } from './document-table.ts';
import { DATA_LANES } from './random-lanes.ts';
import type { TokenDataset } from './token-dataset.ts';

export type PairOptions = BatchOrder & {
  /** The most tokens of a batch, sources and targets together. */
  readonly maxTokens: number;
  /** The most tokens of a source, its end counted; `maxTokens` unless given. */
  readonly maxSourceLength?: number | undefined;
  /** The most rows of a target, which has one token more; `maxTokens` unless given. */
  readonly maxTargetLength?: number | undefined;
  /** Whether pairs that are too long are left out; unless given, they are an error. */
  readonly leaveOutLongPairs?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
};

export interface PairLoader extends BatchLoader {
  /** Pairs that were too long. */
  readonly numLeftOut: number;
}

const ACTION = 'Cannot make batches of pairs';
const KNOWN = ['maxTokens', 'maxSourceLength', 'maxTargetLength', 'leaveOutLongPairs', 'signal'];

/**
 * Batches of pairs of source and target with as many tokens as fit, pairs of like length together. Which pairs share a
 * batch is drawn once from the seed; the order of the batches is another one in each epoch. Each pair comes once an epoch.
 * Keeps 12 bytes a pair in memory. Throws a `TypeError` for a dataset of texts and a `RangeError` for a pair that is too long.
 *
 * @example
 * const loader = await pairBatches(dataset, { maxTokens: 4096, seed: 1 });
 * const { source, tokenIds, targetIds } = await loader.batch(0);
 */
export async function pairBatches(dataset: TokenDataset, options: PairOptions): Promise<PairLoader> {
  const limits = checkOptions(dataset, options);
  const { seed } = options;
  const lengths = await measurePairs(dataset, options.signal);
  const kept = chooseShortPairs(lengths, limits, options);
  const order = documentOrder(kept.length, seed, DATA_LANES.pairs);
  const shuffled = Uint32Array.from(kept, (_, i) => kept[order(i)]!);
  const plan = bucketPairs(lengths, shuffled, { maxTokens: limits.maxTokens, keepsOrder: seed === undefined });
  const batchesPerEpoch = plan.starts.length - 1;
  const batchAt = epochOrder(batchesPerEpoch, seed, DATA_LANES.batches);
  const loader = createBatchLoader({
    batchesPerEpoch,
    isEndless: seed !== undefined,
    maxTokens: limits.maxTokens,
    hasSources: true,
    identity: { mode: 'pairs', dataset: dataset.fingerprint, ...limits, seed },
    read: async (n) => {
      const epoch = Math.floor(n / batchesPerEpoch);
      const index = batchAt(epoch, n - epoch * batchesPerEpoch);
      const numbers = [...plan.pairs.subarray(plan.starts[index]!, plan.starts[index + 1]!)];
      const ranges = await Promise.all(numbers.map((pair) => dataset.readDocuments(pair, 1)));
      return assemblePairs(dataset, ranges.flat());
    },
  });
  return { ...loader, numLeftOut: dataset.numDocuments - kept.length };
}

interface Limits {
  readonly maxTokens: number;
  readonly maxSourceLength: number;
  readonly maxTargetLength: number;
}

function checkOptions(dataset: TokenDataset, options: PairOptions): Limits {
  checkBatchOptions(ACTION, options, KNOWN);
  const { maxTokens, maxSourceLength = maxTokens, maxTargetLength = maxTokens } = options;
  requireCount(ACTION, 'maxTokens', maxTokens, 2);
  requireCount(ACTION, 'maxSourceLength', maxSourceLength);
  requireCount(ACTION, 'maxTargetLength', maxTargetLength);
  if (dataset.kind !== 'pairs')
    throw new TypeError(`${ACTION}: the documents are ${dataset.kind}, wanted pairs; use documentBatches`);
  return { maxTokens, maxSourceLength, maxTargetLength };
}

async function measurePairs(dataset: TokenDataset, signal: AbortSignal | undefined): Promise<PairLengths> {
  const targets = new Uint32Array(dataset.numDocuments);
  const sources = await measureDocuments(
    dataset,
    ({ length, promptLength }, index) => {
      targets[index] = length - promptLength - 1;
      return promptLength;
    },
    signal,
  );
  return { sources, targets };
}

/** The numbers of the pairs that are within the limits. */
function chooseShortPairs(
  lengths: PairLengths,
  limits: Limits,
  { leaveOutLongPairs = false }: PairOptions,
): Uint32Array {
  const { sources, targets } = lengths;
  const { maxTokens, maxSourceLength, maxTargetLength } = limits;
  const isShort = (pair: number) =>
    sources[pair]! <= maxSourceLength &&
    targets[pair]! <= maxTargetLength &&
    sources[pair]! + targets[pair]! <= maxTokens;
  const all = Uint32Array.from(sources, (_, pair) => pair);
  const kept = all.filter(isShort);
  if (kept.length === 0) throw new RangeError(`${ACTION}: all ${all.length} pairs are longer than the limits`);
  const long = leaveOutLongPairs ? undefined : all.find((pair) => !isShort(pair));
  if (long === undefined) return kept;
  const got = `pair ${long} has a source of ${sources[long]} tokens and a target of ${targets[long]}`;
  const wanted = `wanted at most ${maxSourceLength} and ${maxTargetLength}, and ${maxTokens} together`;
  throw new RangeError(
    `${ACTION}: ${got}, ${wanted}; ${all.length - kept.length} are too long (leaveOutLongPairs leaves them out)`,
  );
}
