import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countingDataset, countingDocuments, someLengths, tokensOf } from '../../test/token-documents.ts';
import { batchesOf, range, tokensIn } from '../../test/training-batches.ts';
import { documentBatches } from './document-batches.ts';
import { createTokenDataset } from './memory-dataset.ts';
import { splitDataset } from './split-dataset.ts';

test('both parts together are the whole, by tokens and by documents', async () => {
  const shares = fc.double({ min: 0.05, max: 0.7, noNaN: true });
  await fc.assert(
    fc.asyncProperty(someLengths, shares, fc.constantFrom('tokens', 'documents'), async (lengths, validation, by) => {
      const dataset = await countingDataset([3, 3, 3, ...lengths]);
      const parts = await splitDataset(dataset, { validation, by: by as 'tokens' | 'documents' });
      const { training } = parts;
      expect([...(await tokensOf(training)), ...(await tokensOf(parts.validation))]).toEqual(range(dataset.numTokens));
      for (const part of [training, parts.validation]) {
        const documents = await part.readDocuments(0, part.numDocuments);
        let end = 0;
        for (const { start, length } of documents) {
          expect(start).toBe(end);
          expect(length).toBeGreaterThan(0);
          end += length;
        }
        expect(end).toBe(part.numTokens);
      }
      const numTotal = training.numDocuments + parts.validation.numDocuments;
      if (by === 'documents') expect(numTotal).toBe(dataset.numDocuments);
    }),
  );
});

test('cuts where nanoGPT does', async () => {
  const dataset = await countingDataset([1115394]);
  const { training, validation } = await splitDataset(dataset, { validation: 0.1, by: 'tokens' });
  expect([training.numTokens, validation.numTokens]).toEqual([1003854, 111540]);
});

test('parts can be split and batched like any dataset', async () => {
  const dataset = await countingDataset(new Array<number>(20).fill(10));
  const { validation } = await splitDataset(dataset, { validation: 0.5, by: 'documents' });
  const parts = await splitDataset(validation, { validation: 0.5, by: 'documents' });
  const loader = await documentBatches(parts.training, { contextLength: 10, batchSize: 9, order: 'stored' });
  expect(tokensIn(await batchesOf(loader))).toEqual(range(150, 100));
  expect(parts.training.fingerprint).not.toBe(parts.validation.fingerprint);
});

test.each([
  [{ validation: 0, by: 'tokens' }, 'validation is 0, wanted a number between 0 and 1'],
  [{ validation: 0.5, by: 'words' }, 'by is "words", wanted "tokens" or "documents"'],
  [{ validation: 0.5, by: 'documents', seed: 1 }, 'unknown option "seed"'],
  [{ validation: 0.5, by: 'documents' }, 'of 1 documents none is left to train on'],
])('refuses %j', async (options, wanted) => {
  const dataset = await countingDataset([9]);
  await expect(splitDataset(dataset, options as never)).rejects.toThrow(`Cannot split a dataset: ${wanted}`);
});

test('completions are not cut', async () => {
  const dataset = await createTokenDataset({ documents: countingDocuments([9, 9], [3, 3]), vocabSize: 100 });
  await expect(splitDataset(dataset, { validation: 0.5, by: 'tokens' })).rejects.toThrow('split by documents');
});
