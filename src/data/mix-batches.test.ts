import { expect, test } from 'vitest';
import { countingDataset, pairsDataset } from '../../test/token-documents.ts';
import { batchesOf, expectNextTokens, expectSpans, tokensIn } from '../../test/training-batches.ts';
import type { BatchLoader } from './batch-loader.ts';
import { documentBatches } from './document-batches.ts';
import { mixBatches } from './mix-batches.ts';
import { pairBatches } from './pair-batches.ts';

const partsOf = async () => {
  const [few, many] = [await countingDataset([5, 5, 5]), await countingDataset(new Array<number>(50).fill(3))];
  return {
    few: await documentBatches(few, { contextLength: 5, batchSize: 1, seed: 1 }),
    many: await documentBatches(many, { contextLength: 3, batchSize: 1, seed: 1 }),
  };
};

test('each part gives its batches in their order, as often as its weight says', async () => {
  const { few, many } = await partsOf();
  const loader = mixBatches(
    [
      { loader: few, weight: 1 },
      { loader: many, weight: 3 },
    ],
    { seed: 7 },
  );
  const batches = await batchesOf(loader, 4000);
  const [fromFew, fromMany] = [5, 3].map((length) => batches.filter(({ tokenIds }) => tokenIds.length === length));
  expect(Math.abs(fromFew!.length - 1000)).toBeLessThan(140); // five standard deviations
  expect(fromFew).toEqual(await batchesOf(few, fromFew!.length));
  expect(fromMany).toEqual(await batchesOf(many, fromMany!.length));
});

test('several draws make one batch', async () => {
  const { few, many } = await partsOf();
  const parts = [
    { loader: few, weight: 1 },
    { loader: many, weight: 1 },
  ];
  const loader = mixBatches(parts, { seed: 7, drawsPerBatch: 8 });
  const single = mixBatches(parts, { seed: 7 });
  const batch = await loader.batch(3);
  expectNextTokens(batch);
  expect(batch.spans).toHaveLength(8);
  const draws = await batchesOf(single, 8, 24);
  expect([...batch.tokenIds]).toEqual(tokensIn(draws));
  expect([...batch.targetIds]).toEqual(draws.flatMap(({ targetIds }) => [...targetIds]));
  expect([...batch.lossWeights]).toEqual(draws.flatMap(({ lossWeights }) => [...lossWeights]));
  expect(loader.maxTokens).toBe(40);
});

test('sources are joined as well', async () => {
  const loader = await pairBatches(
    await pairsDataset([
      [2, 3],
      [4, 1],
    ]),
    { maxTokens: 5, seed: 1 },
  );
  const batch = await mixBatches([{ loader, weight: 1 }], { seed: 1, drawsPerBatch: 4 }).batch(0);
  expectSpans(batch);
  expectSpans(batch.source!);
  expect(batch.source!.tokenIds).toHaveLength(12);
});

test('refuses parts that do not go together', async () => {
  const { few, many } = await partsOf();
  const pairs = await pairBatches(await pairsDataset([[2, 3]]), { maxTokens: 9, seed: 1 });
  const mix = (...parts: [BatchLoader, number][]) =>
    mixBatches(
      parts.map(([loader, weight]) => ({ loader, weight })),
      { seed: 1 },
    );
  expect(() => mix()).toThrow('Cannot mix batches: there are no parts, wanted at least one');
  expect(() => mix([few, 0])).toThrow('part 0 has weight 0, wanted a number above 0');
  expect(() => mix([few, 1], [pairs, 1])).toThrow('of parts 0 and 1 only one has sources, wanted all or none');
  expect(() => mix([few, 1], [many, 1], [few, 1])).toThrow('part 2 is a loader that comes before, wanted each once');
});
