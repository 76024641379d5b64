import { type BatchLoader, createBatchLoader } from './batch-loader.ts';

/**
 * All batches of several loaders in stored order, one loader after the other: to evaluate on several datasets at once.
 * Throws a `RangeError` for no loaders and for one whose batches have no end.
 *
 * @example
 * const options = { order: 'stored', contextLength: 64, batchSize: 12 } as const;
 * const loader = chainBatches([windowBatches(stories, options), windowBatches(letters, options)]);
 */
export function chainBatches(loaders: readonly BatchLoader[]): BatchLoader {
  const [first, ...others] = loaders;
  if (first === undefined) throw new RangeError('Cannot chain batches: there are no loaders, wanted at least one');
  if (others.length === 0) return first;
  const ends = endsOf(loaders);
  return createBatchLoader({
    batchesPerEpoch: ends.at(-1)!,
    isEndless: false,
    maxTokens: Math.max(...loaders.map(({ maxTokens }) => maxTokens)),
    hasSources: loaders.some(({ hasSources }) => hasSources),
    identity: { mode: 'chain', parts: loaders.map(({ identity }) => JSON.parse(identity) as unknown) },
    read: (n) => {
      const i = ends.findIndex((end) => n < end);
      return loaders[i]!.batch(n - (ends[i - 1] ?? 0));
    },
  });
}

/** The number of batches in each loader and those before it. */
function endsOf(loaders: readonly BatchLoader[]): readonly number[] {
  let end = 0;
  return loaders.map(({ batchesPerEpoch }, i) => {
    if (batchesPerEpoch === undefined)
      throw new RangeError(`Cannot chain batches: loader ${i} is drawn at random without end, wanted stored order`);
    end += batchesPerEpoch;
    return end;
  });
}
