import type { AttentionSpan, Backend } from '../backend/backend.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { ForwardBatch } from './forward-batch.ts';

/** Rows of a batch that belong to one sequence. */
export interface RowSpan {
  readonly start: number;
  readonly length: number;
}

/** Whole sequences as one ragged batch, of which nothing is kept: what an encoder reads. Call inside a scope. */
export function wholeSequences(backend: Backend, sequences: readonly (readonly number[])[]): ForwardBatch {
  const spans: AttentionSpan[] = [];
  let start = 0;
  for (const { length } of sequences) {
    spans.push(spanOver({ start, length }, { start, length }));
    start += length;
  }
  return {
    tokenIds: Tensor.from(backend, Int32Array.from(sequences.flat())),
    positions: Int32Array.from(sequences.flatMap(({ length }) => Array.from({ length }, (_, i) => i))),
    context: { kind: 'whole', spans },
    logitRows: undefined,
    observe: undefined,
  };
}

/** Queries of one span over the keys of another. */
export function spanOver(queries: RowSpan, keys: RowSpan): AttentionSpan {
  return { queryStart: queries.start, queryLength: queries.length, keyStart: keys.start, keyLength: keys.length };
}
