/** What attention adds to scores by the distance of key and query. */
export interface DensePositionBias {
  readonly values: Float32Array; // (H, width)
  readonly width: number;
  /** The column of the query's own place. */
  readonly own: number;
}

/** Where the bias of a head lies for a key `distance` after the query (before it: negative). */
export function biasIndex({ width, own }: DensePositionBias, head: number, distance: number): number {
  return head * width + Math.max(0, Math.min(width - 1, own + distance));
}
