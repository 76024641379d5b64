/** What a logits processor may know of the sequence whose next token is being chosen. */
export interface SequenceView {
  /** What the model encoded, for those with an encoder; the prompt is the beginning of the target then. */
  readonly sourceIds?: readonly number[] | undefined;
  readonly promptIds: readonly number[];
  readonly generatedIds: readonly number[];
  /** The prompt, then what was generated. */
  readonly tokenIds: readonly number[];
  /** Index the next token will have: `tokenIds.length`. Random draws are keyed by it. */
  readonly position: number;
}
