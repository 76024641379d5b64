import { uniform } from '../base/random.ts';
import { assembleBatch, type BatchPiece } from './assemble-batch.ts';
import {
  type BatchLoader,
  type BatchOrder,
  checkBatchOptions,
  createBatchLoader,
  requireCount,
} from './batch-loader.ts';
import { DATA_LANES } from './random-lanes.ts';
import type { TokenDataset } from './token-dataset.ts';

export type WindowOptions = BatchOrder & {
  /** Tokens of a window. */
  readonly contextLength: number;
  /** Windows of a batch. */
  readonly batchSize: number;
};

const ACTION = 'Cannot make batches of windows';

/**
 * Batches of windows of the stream of tokens, which do not mind where documents begin (nanoGPT's way, Karpathy 2022). The
 * places of the windows are drawn from the seed, the number of the batch and the row. In stored order the windows lie side
 * by side, and every token but the first is a target once; the last window may be shorter.
 * Throws a `TypeError` for a dataset with prompts or pairs and a `RangeError` for one that is shorter than a window.
 *
 * @example
 * const loader = windowBatches(dataset, { contextLength: 64, batchSize: 12, seed: 1337 });
 * const { tokenIds, targetIds } = await loader.batch(0); // 768 rows in 12 spans
 */
export function windowBatches(dataset: TokenDataset, options: WindowOptions): BatchLoader {
  checkBatchOptions(ACTION, options, ['contextLength', 'batchSize']);
  const { contextLength, batchSize, seed } = options;
  requireCount(ACTION, 'contextLength', contextLength);
  requireCount(ACTION, 'batchSize', batchSize);
  if (dataset.kind !== 'text')
    throw new TypeError(
      `${ACTION}: the documents are ${dataset.kind}, wanted texts; use documentBatches or pairBatches`,
    );
  const least = seed === undefined ? 2 : contextLength + 1;
  if (dataset.numTokens < least)
    throw new RangeError(`${ACTION}: the dataset has ${dataset.numTokens} tokens, wanted at least ${least}`);
  const rows = seed === undefined ? storedWindows(dataset, options) : drawnWindows(dataset, options, seed);
  return createBatchLoader({
    batchesPerEpoch: rows.batchesPerEpoch,
    isEndless: rows.batchesPerEpoch === undefined,
    maxTokens: contextLength * batchSize,
    hasSources: false,
    identity: { mode: 'windows', dataset: dataset.fingerprint, contextLength, batchSize, seed },
    read: (n) => assembleBatch(dataset, rows.of(n)),
  });
}

interface Windows {
  readonly batchesPerEpoch: number | undefined;
  of(n: number): readonly BatchPiece[];
}

function drawnWindows({ numTokens }: TokenDataset, { contextLength, batchSize }: WindowOptions, seed: number): Windows {
  const numPlaces = numTokens - contextLength;
  const placeOf = (draw: number) => Math.floor(uniform(seed, draw, DATA_LANES.windows) * numPlaces);
  return {
    batchesPerEpoch: undefined,
    of: (n) => Array.from({ length: batchSize }, (_, row) => windowAt(placeOf(n * batchSize + row), contextLength)),
  };
}

function storedWindows({ numTokens }: TokenDataset, { contextLength, batchSize }: WindowOptions): Windows {
  const numRows = Math.ceil((numTokens - 1) / contextLength);
  return {
    batchesPerEpoch: Math.ceil(numRows / batchSize),
    of: (n) =>
      Array.from({ length: Math.min(batchSize, numRows - n * batchSize) }, (_, row) => {
        const start = (n * batchSize + row) * contextLength;
        return windowAt(start, Math.min(contextLength, numTokens - 1 - start));
      }),
  };
}

function windowAt(start: number, length: number): BatchPiece {
  return { start, length, hasNext: true, promptLength: 0 };
}
