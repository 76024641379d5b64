import { assembleBatch, type BatchPiece } from './assemble-batch.ts';
import {
  type BatchLoader,
  type BatchOrder,
  checkBatchOptions,
  createBatchLoader,
  requireCount,
} from './batch-loader.ts';
import { documentOrder, epochOrder, measureDocuments } from './document-table.ts';
import { type PackedRows, packDocuments } from './pack-documents.ts';
import { DATA_LANES } from './random-lanes.ts';
import type { TokenDataset } from './token-dataset.ts';

export type DocumentOptions = BatchOrder & {
  /** The most tokens of a row, and of a span. */
  readonly contextLength: number;
  /** Rows of a batch. */
  readonly batchSize: number;
  readonly signal?: AbortSignal | undefined;
};

const ACTION = 'Cannot make batches of documents';
const MAX_OPEN_ROWS = 64;

/**
 * Batches of whole documents, each a span of its own, packed into rows of at most `contextLength` tokens; a longer document
 * is cut into spans of that length, of which each still predicts the first token of the next. In each epoch every token of
 * the data comes once. Which documents share a row is drawn once from the seed; the order of the rows is another one in
 * each epoch. The last batch of an epoch may have fewer rows. A prompt carries no loss.
 * Keeps 12 bytes a document in memory. Throws a `TypeError` for a dataset of pairs.
 *
 * @example
 * const loader = await documentBatches(dataset, { contextLength: 256, batchSize: 16, seed: 1 });
 * const { spans } = await loader.batch(0);
 */
export async function documentBatches(dataset: TokenDataset, options: DocumentOptions): Promise<BatchLoader> {
  checkBatchOptions(ACTION, options, ['contextLength', 'batchSize', 'signal']);
  const { contextLength, batchSize, seed } = options;
  requireCount(ACTION, 'contextLength', contextLength);
  requireCount(ACTION, 'batchSize', batchSize);
  if (dataset.kind === 'pairs')
    throw new TypeError(`${ACTION}: the documents are pairs, wanted texts or completions; use pairBatches`);
  const rows = await packRows(dataset, options);
  const batchesPerEpoch = Math.ceil(rows.numRows / batchSize);
  const rowAt = epochOrder(rows.numRows, seed, DATA_LANES.rows);
  return createBatchLoader({
    batchesPerEpoch,
    isEndless: seed !== undefined,
    maxTokens: contextLength * batchSize,
    hasSources: false,
    identity: { mode: 'documents', dataset: dataset.fingerprint, contextLength, batchSize, seed },
    read: async (n) => {
      const epoch = Math.floor(n / batchesPerEpoch);
      const first = (n - epoch * batchesPerEpoch) * batchSize;
      const numRows = Math.min(batchSize, rows.numRows - first);
      const chosen = Array.from({ length: numRows }, (_, i) => rowAt(epoch, first + i));
      return assembleBatch(
        dataset,
        await Promise.all(chosen.flatMap((row) => piecesOf(dataset, rows, row, contextLength))),
      );
    },
  });
}

async function packRows(dataset: TokenDataset, { contextLength, seed, signal }: DocumentOptions): Promise<PackedRows> {
  const lengths = await measureDocuments(dataset, ({ length }, index) => requireLength(length, index), signal);
  const order = documentOrder(lengths.length, seed, DATA_LANES.documents);
  return packDocuments(lengths, order, { contextLength, maxOpenRows: seed === undefined ? 1 : MAX_OPEN_ROWS });
}

function requireLength(length: number, index: number): number {
  if (length < 2 ** 32) return length;
  throw new RangeError(
    `${ACTION}: document ${index} has ${length} tokens, wanted less than ${2 ** 32}; use windowBatches`,
  );
}

function piecesOf(dataset: TokenDataset, rows: PackedRows, row: number, contextLength: number): Promise<BatchPiece>[] {
  const [first, end] = [rows.rowStarts[row]!, rows.rowStarts[row + 1]!];
  return Array.from({ length: end - first }, async (_, i) => {
    const [range] = await dataset.readDocuments(rows.documents[first + i]!, 1);
    const { start, length, promptLength } = range!;
    const offset = rows.parts[first + i]! * contextLength;
    const pieceLength = Math.min(contextLength, length - offset);
    return {
      start: start + offset,
      length: pieceLength,
      hasNext: offset + pieceLength < length,
      promptLength: Math.max(0, promptLength - offset),
    };
  });
}
