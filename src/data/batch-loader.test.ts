import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countingDataset, pairsDataset } from '../../test/token-documents.ts';
import { batchesOf } from '../../test/training-batches.ts';
import type { BatchLoader } from './batch-loader.ts';
import { documentBatches } from './document-batches.ts';
import { mixBatches } from './mix-batches.ts';
import { pairBatches } from './pair-batches.ts';
import type { TokenDataset } from './token-dataset.ts';
import { windowBatches } from './window-batches.ts';

const loaders: Record<string, () => Promise<BatchLoader>> = {
  windows: async () => windowBatches(await countingDataset([50]), { contextLength: 7, batchSize: 2, seed: 3 }),
  documents: async () =>
    documentBatches(await countingDataset([5, 3, 9, 30, 2, 2]), { contextLength: 9, batchSize: 2, seed: 3 }),
  pairs: async () =>
    pairBatches(
      await pairsDataset([
        [3, 3],
        [9, 2],
        [2, 9],
        [6, 6],
      ]),
      { maxTokens: 12, seed: 3 },
    ),
  mixture: async () =>
    mixBatches(
      [
        { loader: await loaders.windows!(), weight: 1 },
        { loader: await loaders.documents!(), weight: 2 },
      ],
      { seed: 3, drawsPerBatch: 2 },
    ),
};

test.each(Object.keys(loaders))('%s: a batch is the same in any order of calls, alone or together', async (name) => {
  const wanted = await batchesOf(await loaders[name]!(), 40);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(39), { minLength: 1, maxLength: 20 }), fc.boolean(), async (order, isTogether) => {
      const loader = await loaders[name]!();
      if (isTogether) {
        const batches = await Promise.all(order.map((n) => loader.batch(n)));
        for (const [i, n] of order.entries()) expect(batches[i]).toEqual(wanted[n]);
      } else for (const n of order) expect(await loader.batch(n)).toEqual(wanted[n]);
    }),
    { numRuns: 30 },
  );
});

test.each(Object.keys(loaders))('%s: refuses numbers that are none', async (name) => {
  const loader = await loaders[name]!();
  await expect(loader.batch(-1)).rejects.toThrow('Cannot read batch -1: wanted a whole number from 0 to');
  await expect(loader.batch(0.5)).rejects.toThrow('Cannot read batch 0.5');
});

test('reads the next batch while the last one is used', async () => {
  const dataset = await countingDataset([50]);
  const reads: number[] = [];
  const watched: TokenDataset = Object.assign(Object.create(dataset) as TokenDataset, {
    readTokens: (target: Int32Array, start: number) => {
      reads.push(start);
      return dataset.readTokens(target, start);
    },
  });
  const loader = windowBatches(watched, { contextLength: 5, batchSize: 1, order: 'stored' });
  await loader.batch(0);
  await new Promise(setImmediate);
  expect(reads).toEqual([0, 5]);
  await loader.batch(1);
  await new Promise(setImmediate);
  expect(reads).toEqual([0, 5, 10]);
});

test('a read ahead that failed is done again when it is asked for', async () => {
  const dataset = await countingDataset([50]);
  let isBroken = false;
  const watched: TokenDataset = Object.assign(Object.create(dataset) as TokenDataset, {
    readTokens: async (target: Int32Array, start: number) => {
      if (isBroken) throw new Error('the disk is gone');
      await dataset.readTokens(target, start);
    },
  });
  const loader = windowBatches(watched, { contextLength: 5, batchSize: 1, order: 'stored' });
  const first = loader.batch(0);
  await first;
  isBroken = true;
  await new Promise(setImmediate);
  await loader.batch(1).catch(() => {});
  await new Promise(setImmediate);
  await expect(loader.batch(2)).rejects.toThrow('the disk is gone');
  isBroken = false;
  expect((await loader.batch(2)).tokenIds[0]).toBe(10);
});

test('says who it is: equal options give an equal identity, others another one', async () => {
  const [a, b] = [await countingDataset([50]), await countingDataset([51])];
  const options = { contextLength: 5, batchSize: 2, seed: 1 };
  const identities = [
    windowBatches(a, options).identity,
    windowBatches(b, options).identity,
    windowBatches(a, { ...options, seed: 2 }).identity,
    windowBatches(a, { contextLength: 5, batchSize: 2, order: 'stored' }).identity,
    (await documentBatches(a, options)).identity,
  ];
  expect(new Set(identities).size).toBe(5);
  expect(windowBatches(a, options).identity).toBe(identities[0]);
});

test.each([
  [{ contextLength: 0, batchSize: 1, seed: 1 }, 'contextLength is 0, wanted a whole number of at least 1'],
  [{ contextLength: 4, batchSize: 1.5, seed: 1 }, 'batchSize is 1.5, wanted a whole number of at least 1'],
  [{ contextLength: 4, batchSize: 1 }, 'seed is undefined, wanted a whole number from 0 on'],
  [{ contextLength: 4, batchSize: 1, order: 'stored', seed: 1 }, 'seed is 1, but nothing is drawn in stored order'],
  [{ contextLength: 4, batchSize: 1, order: 'sorted' }, 'order is "sorted", wanted "shuffled" or "stored"'],
  [{ contextLength: 4, batchsize: 1, seed: 1 }, 'unknown option "batchsize", did you mean "batchSize"?'],
])('the options %j are refused', async (options, wanted) => {
  const dataset = await countingDataset([50]);
  expect(() => windowBatches(dataset, options as never)).toThrow(`Cannot make batches of windows: ${wanted}`);
  await expect(documentBatches(dataset, options as never)).rejects.toThrow(
    `Cannot make batches of documents: ${wanted}`,
  );
});
