import { expect, test } from 'vitest';
import { createTokenDataset, type MemoryDatasetOptions } from './memory-dataset.ts';

const options = { vocabSize: 10, documents: [{ tokenIds: [1, 2, 3] }, { tokenIds: [4, 5], promptLength: 1 }] };

test('gives tokens and documents by number', async () => {
  const dataset = await createTokenDataset(options);
  const target = new Int32Array(3);
  await dataset.readTokens(target, 1);
  expect([...target]).toEqual([2, 3, 4]);
  expect(await dataset.readDocuments(0, 2)).toEqual([
    { start: 0, length: 3, promptLength: 0 },
    { start: 3, length: 2, promptLength: 1 },
  ]);
  expect(dataset).toMatchObject({ kind: 'completions', numTokens: 5, numDocuments: 2 });
});

test('the fingerprint tells tokens, documents, prompts and kinds apart', async () => {
  const [a, b] = [{ tokenIds: [1, 2, 3] }, { tokenIds: [4, 5, 6] }];
  const variants: MemoryDatasetOptions['documents'][] = [
    [a, b],
    [b, a],
    [{ tokenIds: [1, 2, 3, 4, 5, 6] }],
    [a, { ...b, promptLength: 1 }],
  ];
  const datasets = await Promise.all(variants.map((documents) => createTokenDataset({ vocabSize: 10, documents })));
  const completions = await createTokenDataset({ vocabSize: 10, documents: [a, b], kind: 'completions' });
  expect(new Set([...datasets, completions].map(({ fingerprint }) => fingerprint)).size).toBe(5);
  expect((await createTokenDataset({ vocabSize: 10, documents: [a, b] })).fingerprint).toBe(datasets[0]!.fingerprint);
});

test.each([
  [[], {}, 'Cannot create a dataset: it has no documents'],
  [[{ tokenIds: [1, 10] }], {}, 'document 0 has token 10, wanted whole numbers from 0 to 9'],
  [[{ tokenIds: [] }], {}, 'document 0 has 0 tokens and a promptLength of 0, wanted at least one token and no prompt'],
  [
    [{ tokenIds: [1], promptLength: 1 }],
    {},
    'document 0 has 1 tokens and a promptLength of 1, wanted at least one token',
  ],
  [[{ tokenIds: [1, 2], promptLength: 1 }], { kind: 'text' }, 'wanted at least one token and no prompt'],
  [[{ tokenIds: [1, 2], promptLength: 1 }], { kind: 'pairs' }, 'wanted a source of at least one token and a target of'],
] as const)('refuses %j of %j', async (documents, more, wanted) => {
  await expect(createTokenDataset({ documents, vocabSize: 10, ...more })).rejects.toThrow(wanted);
});

test('reads nothing that is not there, or any more', async () => {
  const dataset = await createTokenDataset(options);
  await expect(dataset.readTokens(new Int32Array(2), 4)).rejects.toThrow(
    'Cannot read tokens 4 to 6: the dataset has 5',
  );
  await expect(dataset.readDocuments(-1, 1)).rejects.toThrow('Cannot read documents -1 to 0: the dataset has 2');
  await dataset.close();
  await expect(dataset.readTokens(new Int32Array(2), 0)).rejects.toThrow('the dataset is closed');
});
