import { Permutation } from './permutation.ts';
import type { DocumentRange, TokenDataset } from './token-dataset.ts';

/** Documents read at a time. */
const CHUNK = 4096;

/** Numbers of all documents: of each what `measure` makes of it, 4 bytes a document. */
export async function measureDocuments(
  dataset: TokenDataset,
  measure: (document: DocumentRange, index: number) => number,
  signal: AbortSignal | undefined,
): Promise<Uint32Array> {
  const numbers = new Uint32Array(dataset.numDocuments);
  for (let first = 0; first < numbers.length; first += CHUNK) {
    signal?.throwIfAborted();
    const documents = await dataset.readDocuments(first, Math.min(CHUNK, numbers.length - first));
    for (const [i, document] of documents.entries()) numbers[first + i] = measure(document, first + i);
  }
  return numbers;
}

/** The documents in an order drawn from `seed`, or as they are stored. */
export function documentOrder(numDocuments: number, seed: number | undefined, lane: number): (index: number) => number {
  if (seed === undefined) return (index) => index;
  const permutation = new Permutation(numDocuments, seed, 0, lane);
  return (index) => permutation.at(index);
}

/** Things in an order that is another one in each epoch, or that is always that of their numbers. */
export function epochOrder(
  size: number,
  seed: number | undefined,
  lane: number,
): (epoch: number, index: number) => number {
  let current: { readonly epoch: number; readonly permutation: Permutation } | undefined;
  return (epoch, index) => {
    if (seed === undefined) return index;
    if (current?.epoch !== epoch) current = { epoch, permutation: new Permutation(size, seed, epoch, lane) };
    return current.permutation.at(index);
  };
}
