import { expect, test } from 'vitest';
import { documentBatches } from './document-batches.ts';
import { createTokenDataset } from './memory-dataset.ts';
import { pairsAsCompletions } from './pairs-as-completions.ts';

test('a source is the prompt of its target, on which alone the loss is taken', async () => {
  // Source 5 6, its end mark 1; target 7 8 between begin mark 0 and end mark 1.
  const documents = [{ tokenIds: [5, 6, 1, 0, 7, 8, 1], promptLength: 3 }];
  const pairs = await createTokenDataset({ vocabSize: 10, documents, kind: 'pairs' });
  const loader = await documentBatches(pairsAsCompletions(pairs), { order: 'stored', contextLength: 8, batchSize: 1 });
  const { tokenIds, lossWeights, targetIds } = await loader.batch(0);
  expect([...tokenIds]).toEqual([5, 6, 1, 0, 7, 8, 1]);
  expect([...targetIds].filter((_, t) => lossWeights[t] === 1)).toEqual([0, 7, 8, 1]);
  expect(loader.identity).toContain('pairs as completions');
});

test('texts and completions stay as they are', async () => {
  const texts = await createTokenDataset({ vocabSize: 10, documents: [{ tokenIds: [1, 2] }] });
  expect(pairsAsCompletions(texts)).toBe(texts);
});
