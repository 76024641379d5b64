/** The tokens with the highest logits of a row, the highest first, the lower id first among equals. */
export interface LikeliestTokens {
  readonly tokenIds: Int32Array;
  /** The first is NaN if any of the row is, the token then being the first such; −∞ if all are. */
  readonly logits: Float32Array;
}
