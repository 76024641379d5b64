import type { TokenDataset } from './token-dataset.ts';

/**
 * Pairs as a model without an encoder reads them: the source is the prompt, which carries no loss, and the target, begin mark
 * included, its completion. Other datasets stay as they are. Reads from the dataset: close that.
 *
 * @example
 * const dataset = await prepareTokenDataset({ folder: 'data/german', sources: ['german.tsv'], tokenizer });
 * const loader = await documentBatches(pairsAsCompletions(dataset), { contextLength: 128, batchSize: 8, seed: 1 });
 */
export function pairsAsCompletions(dataset: TokenDataset): TokenDataset {
  if (dataset.kind !== 'pairs') return dataset;
  const { vocabSize, numTokens, numDocuments, fingerprint } = dataset;
  return {
    kind: 'completions',
    vocabSize,
    numTokens,
    numDocuments,
    fingerprint: `${fingerprint}, pairs as completions`,
    readTokens: (target, start) => dataset.readTokens(target, start),
    readDocuments: (first, count) => dataset.readDocuments(first, count),
    close: () => dataset.close(),
  };
}
