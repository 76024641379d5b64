import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countingDataset, countingDocuments, someSizes } from '../../test/token-documents.ts';
import { batchesOf, expectNextTokens, range, targetsIn } from '../../test/training-batches.ts';
import { createTokenDataset } from './memory-dataset.ts';
import { windowBatches } from './window-batches.ts';

test('windows are as long as they should be and the targets are the next tokens', async () => {
  const dataset = await countingDataset([30, 40]);
  const loader = windowBatches(dataset, { contextLength: 9, batchSize: 4, seed: 1 });
  for (const batch of await batchesOf(loader, 20)) {
    expectNextTokens(batch);
    expect(batch.spans.map(({ length }) => length)).toEqual([9, 9, 9, 9]);
    expect(batch.lossWeights.every((weight) => weight === 1)).toBe(true);
  }
  expect(loader.batchesPerEpoch).toBeUndefined();
});

test('every place is drawn equally often, the first and the last too', async () => {
  const dataset = await countingDataset([14]);
  const loader = windowBatches(dataset, { contextLength: 4, batchSize: 100, seed: 1 });
  const counts = new Array<number>(10).fill(0);
  for (const { tokenIds, spans } of await batchesOf(loader, 100))
    for (const { start } of spans) counts[tokenIds[start]!]!++;
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150); // five standard deviations
});

test('in stored order every token but the first is a target once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 2, max: 100 }), fc.record(someSizes), async (numTokens, settings) => {
      const dataset = await countingDataset([numTokens]);
      const loader = windowBatches(dataset, { ...settings, order: 'stored' });
      const batches = await batchesOf(loader);
      for (const batch of batches) expectNextTokens(batch);
      expect(targetsIn(batches)).toEqual(range(numTokens, 1));
    }),
  );
});

test('refuses what is too short, and what has prompts', async () => {
  const dataset = await countingDataset([9]);
  expect(() => windowBatches(dataset, { contextLength: 9, batchSize: 1, seed: 1 })).toThrow(
    new RangeError('Cannot make batches of windows: the dataset has 9 tokens, wanted at least 10'),
  );
  const prompts = await createTokenDataset({ documents: countingDocuments([20], [3]), vocabSize: 100 });
  expect(() => windowBatches(prompts, { contextLength: 9, batchSize: 1, seed: 1 })).toThrow(
    'the documents are completions, wanted texts; use documentBatches or pairBatches',
  );
});
