import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pairsDataset } from '../../test/token-documents.ts';
import { batchesOf, expectNextTokens, expectSpans, range, sorted } from '../../test/training-batches.ts';
import { pairBatches } from './pair-batches.ts';
import type { TokenSpan } from './training-batch.ts';

const side = fc.integer({ min: 1, max: 20 });
const somePairs = fc.array(fc.tuple(side, side), { minLength: 1, maxLength: 40 });
const orders = fc.oneof(fc.record({ seed: fc.nat(1000) }), fc.constant({ order: 'stored' } as const));

test('every pair comes once in every epoch, its source whole and its target shifted by one', async () => {
  await fc.assert(
    fc.asyncProperty(somePairs, orders, fc.nat(2), async (pairs, order, epochs) => {
      const dataset = await pairsDataset(pairs);
      const documents = await dataset.readDocuments(0, pairs.length);
      const loader = await pairBatches(dataset, { maxTokens: 60, ...order });
      const epoch = 'seed' in order ? epochs : 0;
      const batches = await batchesOf(loader, loader.batchesPerEpoch, epoch * loader.batchesPerEpoch!);
      const seen: number[] = [];
      for (const batch of batches) {
        const source = batch.source!;
        expectNextTokens(batch);
        expectSpans(source);
        expect(source.spans).toHaveLength(batch.spans.length);
        expect(source.tokenIds.length + batch.tokenIds.length).toBeLessThanOrEqual(60);
        for (const [i, span] of batch.spans.entries()) {
          const first = source.tokenIds[source.spans[i]!.start]!;
          const pair = documents.findIndex(({ start }) => start === first);
          seen.push(pair);
          expect([source.spans[i]!.length, span.length]).toEqual(pairs[pair]);
          expect(batch.tokenIds[span.start]).toBe(first + pairs[pair]![0]);
        }
        expect(batch.lossWeights.every((weight) => weight === 1)).toBe(true);
      }
      expect('seed' in order ? sorted(seen) : seen).toEqual(range(pairs.length));
    }),
  );
});

test('pairs of like length come together', async () => {
  const dataset = await pairsDataset(range(2000).map((i) => [1 + ((i * 7919) % 50), 1 + ((i * 104729) % 50)] as const));
  const loader = await pairBatches(dataset, { maxTokens: 500, seed: 1 });
  const spreadOf = (spans: readonly TokenSpan[]) =>
    Math.max(...spans.map(({ length }) => length)) - Math.min(...spans.map(({ length }) => length));
  const spreads = (await batchesOf(loader)).map(({ spans }) => spreadOf(spans));
  expect(spreads.reduce((sum, spread) => sum + spread, 0) / spreads.length).toBeLessThan(2);
});

test('pairs that are too long are an error or left out', async () => {
  const dataset = await pairsDataset([
    [3, 3],
    [9, 2],
    [2, 9],
    [6, 6],
  ]);
  await expect(pairBatches(dataset, { maxTokens: 10, seed: 1 })).rejects.toThrow(
    new RangeError(
      'Cannot make batches of pairs: pair 1 has a source of 9 tokens and a target of 2, wanted at most 10 and 10, and 10 together; 3 are too long (leaveOutLongPairs leaves them out)',
    ),
  );
  const leaveOutLongPairs = true;
  const loader = await pairBatches(dataset, {
    maxTokens: 99,
    maxSourceLength: 8,
    leaveOutLongPairs,
    order: 'stored',
  });
  expect(loader.numLeftOut).toBe(1);
  expect((await loader.batch(0)).spans.map(({ length }) => length)).toEqual([3, 9, 6]);
  await expect(pairBatches(dataset, { maxTokens: 4, leaveOutLongPairs, seed: 1 })).rejects.toThrow(
    'all 4 pairs are longer',
  );
});
