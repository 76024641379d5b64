/** Some neighbouring rows of a batch that belong to one document. */
export interface TokenSpan {
  /** Its first row. */
  readonly start: number;
  readonly length: number;
}

/** The sources of a batch of pairs: those of all spans, in order, ragged. S tokens. */
export interface SourceTokens {
  /** (S) */
  readonly tokenIds: Int32Array;
  /** (S), from 0 in each span. */
  readonly positions: Int32Array;
  /** Source i is that of span i of the batch. */
  readonly spans: readonly TokenSpan[];
}

/**
 * The rows of one training step: T tokens of several documents, ragged, nothing padded. Row t sees the rows of its own
 * span up to itself, and is to predict `targetIds[t]`.
 */
export interface TrainingBatch {
  /** (T) */
  readonly tokenIds: Int32Array;
  /** (T): 0 where there is nothing to predict; `lossWeights` is 0 there. */
  readonly targetIds: Int32Array;
  /** (T), from 0 in each span. */
  readonly positions: Int32Array;
  /** (T): 1, or 0 where no loss is taken: inside a prompt, and at the last token of a document. */
  readonly lossWeights: Float32Array;
  /** In order, without gaps; attention stays inside each. */
  readonly spans: readonly TokenSpan[];
  /** Of sequence-to-sequence data only. */
  readonly source?: SourceTokens;
}
