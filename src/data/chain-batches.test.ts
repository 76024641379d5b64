import { expect, test } from 'vitest';
import { batchesOf, range, tokensIn } from '../../test/training-batches.ts';
import { chainBatches } from './chain-batches.ts';
import { createTokenDataset } from './memory-dataset.ts';
import { windowBatches } from './window-batches.ts';

const counting = (first: number, length: number) =>
  createTokenDataset({ vocabSize: 100, documents: [{ tokenIds: range(first + length, first) }] });
const STORED = { order: 'stored', contextLength: 4, batchSize: 2 } as const;

test('the batches of each loader come in their order, the next loader after the last of them', async () => {
  const loaders = [windowBatches(await counting(0, 10), STORED), windowBatches(await counting(50, 21), STORED)];
  const chain = chainBatches(loaders);
  expect(chain.batchesPerEpoch).toBe(2 + 3);
  expect(tokensIn(await batchesOf(chain))).toEqual([...range(9), ...range(70, 50)]);
  expect(tokensIn([await chain.batch(2), await chain.batch(0)])).toEqual([...range(58, 50), ...range(8)]);
  await expect(chain.batch(5)).rejects.toThrow('Cannot read batch 5: wanted a whole number from 0 to 4');
});

test('one loader is itself; none, and one without end, cannot be chained', async () => {
  const stored = windowBatches(await counting(0, 10), STORED);
  expect(chainBatches([stored])).toBe(stored);
  expect(() => chainBatches([])).toThrow('Cannot chain batches: there are no loaders, wanted at least one');
  const drawn = windowBatches(await counting(0, 10), { contextLength: 4, batchSize: 2, seed: 1 });
  expect(() => chainBatches([stored, drawn])).toThrow(
    'Cannot chain batches: loader 1 is drawn at random without end, wanted stored order',
  );
});
