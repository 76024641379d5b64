import type { DatasetKind } from './text-document.ts';

/** Where a document lies in the stream of all tokens. */
export interface DocumentRange {
  readonly start: number;
  /** At least 1. */
  readonly length: number;
  /** How many of its first tokens are the prompt or the source: 0 in a text, and always less than `length`. */
  readonly promptLength: number;
}

/**
 * Tokenised documents: one long stream of tokens and where each document lies in it. It never changes, so what is made of
 * it can be made again.
 */
export interface TokenDataset {
  readonly kind: DatasetKind;
  /** All token ids are below it. */
  readonly vocabSize: number;
  readonly numTokens: number;
  readonly numDocuments: number;
  /** Tells it from datasets with other tokens or other documents. */
  readonly fingerprint: string;
  /** Fills `target` from token `start` of the stream on. Throws a `RangeError` beyond its end. */
  readTokens(target: Int32Array, start: number): Promise<void>;
  /** `count` documents from number `first` on; they lie in the stream without gaps. Throws a `RangeError` beyond the last. */
  readDocuments(first: number, count: number): Promise<readonly DocumentRange[]>;
  /** Gives back open files and memory; reading throws afterwards. */
  close(): Promise<void>;
}

/** Throws a `RangeError` unless tokens from `start` to `end` are there. */
export function requireTokens(start: number, end: number, numTokens: number): void {
  if (Number.isSafeInteger(start) && start >= 0 && end <= numTokens) return;
  throw new RangeError(`Cannot read tokens ${start} to ${end}: the dataset has ${numTokens}`);
}

/** Throws a `RangeError` unless documents from `first` to `end` are there. */
export function requireDocuments(first: number, end: number, numDocuments: number): void {
  if (Number.isSafeInteger(first) && Number.isSafeInteger(end) && first >= 0 && first <= end && end <= numDocuments)
    return;
  throw new RangeError(`Cannot read documents ${first} to ${end}: the dataset has ${numDocuments}`);
}
