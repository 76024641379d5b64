import { requireKnownOptions } from './known-options.ts';
import { type DocumentRange, requireDocuments, requireTokens, type TokenDataset } from './token-dataset.ts';

export interface SplitOptions {
  /** The share of the data that is kept for validation, from its end: a number between 0 and 1. */
  readonly validation: number;
  /** `tokens` cuts the stream, also within a document, as nanoGPT does; `documents` keeps them whole. */
  readonly by: 'tokens' | 'documents';
}

/** Two parts of a dataset, which read from it: close it when both are done with. */
export interface SplitDataset {
  readonly training: TokenDataset;
  readonly validation: TokenDataset;
}

const ACTION = 'Cannot split a dataset';

/**
 * Splits a dataset into its beginning, to train on, and its end, to validate on. The share of the end is
 * rounded up. Throws a `RangeError` if either part would be empty, and a `TypeError` for completions
 * and pairs by tokens.
 *
 * @example
 * const { training, validation } = await splitDataset(dataset, { validation: 0.1, by: 'tokens' });
 */
export async function splitDataset(dataset: TokenDataset, options: SplitOptions): Promise<SplitDataset> {
  requireKnownOptions(ACTION, options, ['validation', 'by']);
  const { validation, by } = options;
  if (!(validation > 0 && validation < 1))
    throw new RangeError(`${ACTION}: validation is ${validation}, wanted a number between 0 and 1`);
  if (by !== 'tokens' && by !== 'documents')
    throw new TypeError(`${ACTION}: by is ${JSON.stringify(by)}, wanted "tokens" or "documents"`);
  if (by === 'tokens' && dataset.kind !== 'text')
    throw new TypeError(`${ACTION}: the documents are ${dataset.kind}, which cannot be cut; split by documents`);
  const total = by === 'tokens' ? dataset.numTokens : dataset.numDocuments;
  const numTraining = total - Math.ceil(total * validation);
  if (numTraining === 0) throw new RangeError(`${ACTION}: of ${total} ${by} none is left to train on`);
  const cut = by === 'tokens' ? await cutAtToken(dataset, numTraining) : await cutAtDocument(dataset, numTraining);
  const { numTokens, numDocuments } = dataset;
  return {
    training: new DatasetView(dataset, { start: 0, end: cut.token, firstDocument: 0, endDocument: cut.endDocument }),
    validation: new DatasetView(dataset, {
      start: cut.token,
      end: numTokens,
      firstDocument: cut.firstDocument,
      endDocument: numDocuments,
    }),
  };
}

interface Cut {
  readonly token: number;
  /** Documents below it are, in whole or in part, before the cut. */
  readonly endDocument: number;
  /** Documents from it on are, in whole or in part, after the cut. */
  readonly firstDocument: number;
}

async function cutAtDocument(dataset: TokenDataset, document: number): Promise<Cut> {
  const [range] = await dataset.readDocuments(document, 1);
  return { token: range!.start, endDocument: document, firstDocument: document };
}

async function cutAtToken(dataset: TokenDataset, token: number): Promise<Cut> {
  let [low, high] = [0, dataset.numDocuments - 1];
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    const [range] = await dataset.readDocuments(middle, 1);
    if (range!.start <= token) low = middle;
    else high = middle - 1;
  }
  const [range] = await dataset.readDocuments(low, 1);
  return { token, endDocument: range!.start === token ? low : low + 1, firstDocument: low };
}

interface ViewBounds {
  readonly start: number;
  readonly end: number;
  readonly firstDocument: number;
  readonly endDocument: number;
}

/** Part of a dataset; a document that the part begins or ends in is cut there. */
class DatasetView implements TokenDataset {
  readonly kind: TokenDataset['kind'];
  readonly vocabSize: number;
  readonly numTokens: number;
  readonly numDocuments: number;
  readonly fingerprint: string;
  readonly #dataset: TokenDataset;
  readonly #bounds: ViewBounds;

  constructor(dataset: TokenDataset, bounds: ViewBounds) {
    this.kind = dataset.kind;
    this.vocabSize = dataset.vocabSize;
    this.numTokens = bounds.end - bounds.start;
    this.numDocuments = bounds.endDocument - bounds.firstDocument;
    this.fingerprint = `${dataset.fingerprint}, tokens ${bounds.start} to ${bounds.end}`;
    this.#dataset = dataset;
    this.#bounds = bounds;
  }

  async readTokens(target: Int32Array, start: number): Promise<void> {
    requireTokens(start, start + target.length, this.numTokens);
    await this.#dataset.readTokens(target, this.#bounds.start + start);
  }

  async readDocuments(first: number, count: number): Promise<readonly DocumentRange[]> {
    requireDocuments(first, first + count, this.numDocuments);
    const { start, end, firstDocument } = this.#bounds;
    const ranges = await this.#dataset.readDocuments(firstDocument + first, count);
    return ranges.map((range) => {
      const from = Math.max(range.start, start);
      const to = Math.min(range.start + range.length, end);
      return { start: from - start, length: to - from, promptLength: range.promptLength };
    });
  }

  async close(): Promise<void> {
    await this.#dataset.close();
  }
}
