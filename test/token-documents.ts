import fc from 'fast-check';
import { createTokenDataset, type TokenDocument } from '../src/data/memory-dataset.ts';
import type { DatasetKind } from '../src/data/text-document.ts';
import type { TokenDataset } from '../src/data/token-dataset.ts';

/** Documents whose tokens are 0, 1, 2, … over all of them, so that each token says where it is from. */
export function countingDocuments(lengths: readonly number[], promptLengths: readonly number[] = []): TokenDocument[] {
  let next = 0;
  return lengths.map((length, i) => {
    const tokenIds = Array.from({ length }, () => next++);
    return { tokenIds, promptLength: promptLengths[i] ?? 0 };
  });
}

export function countingDataset(lengths: readonly number[], kind: DatasetKind = 'text'): Promise<TokenDataset> {
  return createTokenDataset({ documents: countingDocuments(lengths), vocabSize: 2e6, kind });
}

/** Lengths of a few documents, most of them short. */
export const someLengths = fc.array(fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 60 })), {
  minLength: 1,
  maxLength: 40,
});

/** All tokens of a dataset. */
export async function tokensOf(dataset: TokenDataset): Promise<number[]> {
  const tokens = new Int32Array(dataset.numTokens);
  await dataset.readTokens(tokens, 0);
  return [...tokens];
}

/** Pairs of so many tokens of source and rows of target; the target has one token more. */
export function pairsDataset(pairs: readonly (readonly [source: number, target: number])[]): Promise<TokenDataset> {
  const lengths = pairs.map(([source, target]) => source + target + 1);
  const documents = countingDocuments(
    lengths,
    pairs.map(([source]) => source),
  );
  return createTokenDataset({ documents, vocabSize: 2e6, kind: 'pairs' });
}

/** Sizes of batches of rows. */
export const someSizes = { contextLength: fc.integer({ min: 1, max: 20 }), batchSize: fc.integer({ min: 1, max: 5 }) };
