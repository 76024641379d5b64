/** A weight matrix, of floats or quantised, as the numbers that it stands for. */
export interface WeightRows {
  readonly rows: number;
  readonly columns: number;
  /** The weights of one output, (columns). */
  row(index: number): Float32Array;
  /** All weights, (rows, columns). */
  toFloat32(): Float32Array;
}
