import { findForeignToken } from '../base/find-foreign-token.ts';
import { sha256, sha256Hex } from '../base/sha256.ts';
import type { DatasetKind } from './text-document.ts';
import { type DocumentRange, requireDocuments, requireTokens, type TokenDataset } from './token-dataset.ts';

/** A document that is tokens already. */
export interface TokenDocument {
  readonly tokenIds: readonly number[];
  /** How many of its first tokens are its prompt, or in a pair its source; 0 unless given. */
  readonly promptLength?: number | undefined;
}

export interface MemoryDatasetOptions {
  readonly documents: readonly TokenDocument[];
  readonly vocabSize: number;
  /** What the documents are; unless given, `completions` if any has a prompt, else `text`. */
  readonly kind?: DatasetKind | undefined;
}

/**
 * A dataset of tokens in memory. In a pair, `promptLength` tokens of the source come before the target, which begins with
 * the token that the decoder starts from and ends with the token that ends it. Throws a `RangeError` for tokens that the
 * vocabulary does not have and for a document without tokens.
 *
 * @example
 * const dataset = await createTokenDataset({ vocabSize: 10, documents: [{ tokenIds: [1, 2, 3] }, { tokenIds: [4, 5] }] });
 * dataset.numTokens; // 5
 */
export async function createTokenDataset(options: MemoryDatasetOptions): Promise<TokenDataset> {
  const { documents, vocabSize } = options;
  const kind = options.kind ?? (documents.some(({ promptLength = 0 }) => promptLength > 0) ? 'completions' : 'text');
  if (documents.length === 0) throw new RangeError('Cannot create a dataset: it has no documents');
  for (const [i, document] of documents.entries()) checkDocument(document, kind, vocabSize, i);
  const builder = new MemoryDatasetBuilder();
  for (const { tokenIds, promptLength = 0 } of documents) {
    builder.startDocument(promptLength);
    builder.append(tokenIds);
  }
  return builder.finish(kind, vocabSize);
}

function checkDocument(document: TokenDocument, kind: DatasetKind, vocabSize: number, i: number): void {
  const { tokenIds, promptLength = 0 } = document;
  const foreign = findForeignToken(tokenIds, vocabSize);
  if (foreign !== undefined)
    throw new RangeError(
      `Cannot create a dataset: document ${i} has token ${foreign}, wanted whole numbers from 0 to ${vocabSize - 1}`,
    );
  const [least, most] = promptLengths(kind, tokenIds.length);
  if (Number.isInteger(promptLength) && promptLength >= least && promptLength <= most) return;
  const got = `${tokenIds.length} tokens and a promptLength of ${promptLength}`;
  throw new RangeError(`Cannot create a dataset: document ${i} has ${got}, ${WANTED[kind]}`);
}

const WANTED = {
  text: 'wanted at least one token and no prompt',
  completions: 'wanted at least one token after the prompt',
  pairs: 'wanted a source of at least one token and a target of at least two',
} as const satisfies Record<DatasetKind, string>;

function promptLengths(kind: DatasetKind, length: number): readonly [least: number, most: number] {
  if (kind === 'pairs') return [1, length - 2];
  return [0, kind === 'text' ? Math.min(0, length - 1) : length - 1];
}

/** Takes documents one after the other. */
export class MemoryDatasetBuilder {
  #tokens = new Int32Array(1024);
  #numTokens = 0;
  readonly #starts: number[] = [];
  readonly #promptLengths: number[] = [];

  startDocument(promptLength: number): void {
    this.#starts.push(this.#numTokens);
    this.#promptLengths.push(promptLength);
  }

  append(tokenIds: readonly number[]): void {
    const end = this.#numTokens + tokenIds.length;
    if (end > this.#tokens.length) {
      const larger = new Int32Array(Math.max(end, 2 * this.#tokens.length));
      larger.set(this.#tokens.subarray(0, this.#numTokens));
      this.#tokens = larger;
    }
    this.#tokens.set(tokenIds, this.#numTokens);
    this.#numTokens = end;
  }

  async finish(kind: DatasetKind, vocabSize: number): Promise<TokenDataset> {
    const tokens = this.#tokens.slice(0, this.#numTokens);
    const starts = Float64Array.from([...this.#starts, this.#numTokens]);
    const promptLengths = Uint32Array.from(this.#promptLengths);
    const fingerprint = await fingerprintOf(tokens, starts, promptLengths, kind);
    return new MemoryDataset({ kind, vocabSize, fingerprint, tokens, starts, promptLengths });
  }
}

async function fingerprintOf(
  tokens: Int32Array,
  starts: Float64Array,
  promptLengths: Uint32Array,
  kind: DatasetKind,
): Promise<string> {
  const parts = [tokens, starts, promptLengths].map((part) => new Uint8Array(part.buffer));
  const digests = await Promise.all(parts.map(sha256));
  const all = new Uint8Array(await new Blob([kind, ...digests]).arrayBuffer());
  return sha256Hex(all);
}

interface MemoryDatasetParts {
  readonly kind: DatasetKind;
  readonly vocabSize: number;
  readonly fingerprint: string;
  readonly tokens: Int32Array;
  /** Of each document, and where the last one ends. */
  readonly starts: Float64Array;
  readonly promptLengths: Uint32Array;
}

class MemoryDataset implements TokenDataset {
  readonly kind: DatasetKind;
  readonly vocabSize: number;
  readonly fingerprint: string;
  readonly numTokens: number;
  readonly numDocuments: number;
  readonly #starts: Float64Array;
  readonly #promptLengths: Uint32Array;
  #tokens: Int32Array | undefined;

  constructor({ kind, vocabSize, fingerprint, tokens, starts, promptLengths }: MemoryDatasetParts) {
    this.kind = kind;
    this.vocabSize = vocabSize;
    this.fingerprint = fingerprint;
    this.numTokens = tokens.length;
    this.numDocuments = promptLengths.length;
    this.#tokens = tokens;
    this.#starts = starts;
    this.#promptLengths = promptLengths;
  }

  async readTokens(target: Int32Array, start: number): Promise<void> {
    const end = start + target.length;
    requireTokens(start, end, this.numTokens);
    if (this.#tokens === undefined) throw new Error('Cannot read tokens: the dataset is closed');
    target.set(this.#tokens.subarray(start, end));
  }

  async readDocuments(first: number, count: number): Promise<readonly DocumentRange[]> {
    requireDocuments(first, first + count, this.numDocuments);
    return Array.from({ length: count }, (_, i) => {
      const start = this.#starts[first + i]!;
      const length = this.#starts[first + i + 1]! - start;
      return { start, length, promptLength: this.#promptLengths[first + i]! };
    });
  }

  async close(): Promise<void> {
    this.#tokens = undefined;
  }
}
