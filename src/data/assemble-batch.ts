import type { DocumentRange, TokenDataset } from './token-dataset.ts';
import type { SourceTokens, TokenSpan, TrainingBatch } from './training-batch.ts';

/** Tokens that become one span of a batch. */
export interface BatchPiece {
  /** Of the stream of tokens. */
  readonly start: number;
  readonly length: number;
  /** Whether the token after it is what its last one is to predict. */
  readonly hasNext: boolean;
  /** How many of its tokens, the one after it counted, belong to a prompt, on which no loss is taken; may be more than it has. */
  readonly promptLength: number;
}

/** Reads pieces and lays them out one after the other. */
export async function assembleBatch(dataset: TokenDataset, pieces: readonly BatchPiece[]): Promise<TrainingBatch> {
  const spans = spansOf(pieces);
  const numTokens = spans.reduce((sum, { length }) => sum + length, 0);
  const batch = {
    tokenIds: new Int32Array(numTokens),
    targetIds: new Int32Array(numTokens),
    positions: positionsOf(spans, numTokens),
    lossWeights: new Float32Array(numTokens),
    spans,
  };
  await Promise.all(pieces.map((piece, i) => fillSpan(dataset, piece, batch, spans[i]!)));
  return batch;
}

async function fillSpan(
  dataset: TokenDataset,
  { start, length, hasNext, promptLength }: BatchPiece,
  { tokenIds, targetIds, lossWeights }: TrainingBatch,
  span: TokenSpan,
): Promise<void> {
  const tokens = new Int32Array(length + (hasNext ? 1 : 0));
  await dataset.readTokens(tokens, start);
  tokenIds.set(tokens.subarray(0, length), span.start);
  targetIds.set(tokens.subarray(1), span.start);
  // The first target that is no prompt is token `promptLength`, predicted by the row before it.
  const firstRow = Math.min(Math.max(promptLength - 1, 0), tokens.length - 1);
  lossWeights.fill(1, span.start + firstRow, span.start + tokens.length - 1);
}

/** A batch of pairs: the sources whole, the targets shifted by one (Vaswani et al. 2017, section 3.1). */
export async function assemblePairs(dataset: TokenDataset, pairs: readonly DocumentRange[]): Promise<TrainingBatch> {
  const targets = pairs.map(({ start, length, promptLength }) => ({
    start: start + promptLength,
    length: length - promptLength - 1,
    hasNext: true,
    promptLength: 0,
  }));
  const [batch, source] = await Promise.all([assembleBatch(dataset, targets), readSources(dataset, pairs)]);
  return { ...batch, source };
}

async function readSources(dataset: TokenDataset, pairs: readonly DocumentRange[]): Promise<SourceTokens> {
  const spans = spansOf(pairs.map(({ promptLength }) => ({ length: promptLength })));
  const numTokens = spans.reduce((sum, { length }) => sum + length, 0);
  const tokenIds = new Int32Array(numTokens);
  await Promise.all(
    spans.map(({ start, length }, i) => dataset.readTokens(tokenIds.subarray(start, start + length), pairs[i]!.start)),
  );
  return { tokenIds, positions: positionsOf(spans, numTokens), spans };
}

/** Spans of such lengths, one after the other. */
function spansOf(pieces: readonly { readonly length: number }[]): readonly TokenSpan[] {
  let start = 0;
  return pieces.map(({ length }) => {
    const span = { start, length };
    start += length;
    return span;
  });
}

function positionsOf(spans: readonly TokenSpan[], numTokens: number): Int32Array {
  const positions = new Int32Array(numTokens);
  for (const { start, length } of spans) for (let i = 0; i < length; i++) positions[start + i] = i;
  return positions;
}
