import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countingDataset, countingDocuments, someLengths, someSizes } from '../../test/token-documents.ts';
import { batchesOf, expectNextTokens, range, sorted, targetsIn, tokensIn } from '../../test/training-batches.ts';
import { documentBatches } from './document-batches.ts';
import { createTokenDataset } from './memory-dataset.ts';

const options = fc.record({ ...someSizes, seed: fc.nat(1000) });

test('every token comes once in every epoch, and every one but the first of a document is a target once', async () => {
  await fc.assert(
    fc.asyncProperty(someLengths, options, fc.nat(3), async (lengths, settings, epoch) => {
      const dataset = await countingDataset(lengths);
      const loader = await documentBatches(dataset, settings);
      const batches = await batchesOf(loader, loader.batchesPerEpoch, epoch * loader.batchesPerEpoch!);
      expect(sorted(tokensIn(batches))).toEqual(range(dataset.numTokens));
      const firsts = new Set((await dataset.readDocuments(0, lengths.length)).map(({ start }) => start));
      expect(sorted(targetsIn(batches))).toEqual(range(dataset.numTokens).filter((token) => !firsts.has(token)));
    }),
  );
});

test('spans never cross documents, rows never grow beyond the context, targets are the next tokens', async () => {
  await fc.assert(
    fc.asyncProperty(someLengths, options, async (lengths, settings) => {
      const { contextLength } = settings;
      const dataset = await countingDataset(lengths);
      const documents = await dataset.readDocuments(0, lengths.length);
      const loader = await documentBatches(dataset, settings);
      for (const batch of await batchesOf(loader)) {
        expectNextTokens(batch);
        expect(batch.tokenIds.length).toBeLessThanOrEqual(loader.maxTokens);
        for (const { start, length } of batch.spans) {
          const first = batch.tokenIds[start]!;
          const document = documents.find((one) => first >= one.start && first < one.start + one.length)!;
          expect(first + length).toBeLessThanOrEqual(document.start + document.length);
          expect(length).toBeLessThanOrEqual(contextLength);
          expect((first - document.start) % contextLength).toBe(0);
        }
      }
    }),
  );
});

test('in stored order documents keep their order, and there is one epoch', async () => {
  await fc.assert(
    fc.asyncProperty(someLengths, fc.record(someSizes), async (lengths, settings) => {
      const dataset = await countingDataset(lengths);
      const loader = await documentBatches(dataset, { ...settings, order: 'stored' });
      expect(tokensIn(await batchesOf(loader))).toEqual(range(dataset.numTokens));
      const end = loader.batchesPerEpoch!;
      await expect(loader.batch(end)).rejects.toThrow(
        new RangeError(`Cannot read batch ${end}: wanted a whole number from 0 to ${end - 1}`),
      );
    }),
  );
});

test('epochs and seeds have orders of their own', async () => {
  const dataset = await countingDataset(range(60, 1));
  const orders = [];
  for (const seed of [1, 2]) {
    const loader = await documentBatches(dataset, { contextLength: 60, batchSize: 4, seed });
    const { batchesPerEpoch } = loader;
    for (const epoch of [0, 1])
      orders.push(tokensIn(await batchesOf(loader, batchesPerEpoch, epoch * batchesPerEpoch!)));
  }
  expect(new Set(orders.map(String)).size).toBe(4);
});

test('rows are nearly full', async () => {
  const dataset = await countingDataset(range(2000).map((i) => 20 + ((i * 7919) % 90)));
  const loader = await documentBatches(dataset, { contextLength: 256, batchSize: 1, seed: 3 });
  expect(dataset.numTokens / (loader.batchesPerEpoch! * 256)).toBeGreaterThan(0.95);
});

test('no loss is taken on a prompt, however it is cut', async () => {
  const documents = countingDocuments([10], [5]);
  const dataset = await createTokenDataset({ documents, vocabSize: 100 });
  const loader = await documentBatches(dataset, { contextLength: 4, batchSize: 3, order: 'stored' });
  const { targetIds, lossWeights } = await loader.batch(0);
  expect([...lossWeights]).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 1, 0]);
  expect([...targetIds]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 0]);
  const whole = await documentBatches(dataset, { contextLength: 99, batchSize: 1, order: 'stored' });
  expect([...(await whole.batch(0)).lossWeights]).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 1, 0]);
});

test('an abort stops the reading of the documents', async () => {
  const signal = AbortSignal.abort(new Error('enough'));
  const dataset = await countingDataset([3]);
  await expect(documentBatches(dataset, { contextLength: 4, batchSize: 1, seed: 1, signal })).rejects.toThrow('enough');
});
