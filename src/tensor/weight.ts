import type { Backend, DeviceMatrix } from '../backend/backend.ts';
import type { WeightDType } from '../backend/dtype.ts';

/** A weight matrix (rows outputs × columns inputs) in the backend's own layout and in its own width. */
export class Weight {
  readonly backend: Backend;
  readonly matrix: DeviceMatrix;

  constructor(backend: Backend, matrix: DeviceMatrix) {
    this.backend = backend;
    this.matrix = matrix;
  }

  get rows(): number {
    return this.matrix.rows;
  }

  get columns(): number {
    return this.matrix.columns;
  }

  get dtype(): WeightDType {
    return this.matrix.dtype;
  }

  get shape(): readonly [number, number] {
    return [this.rows, this.columns];
  }

  /** The values, row-major, widened to float32. */
  read(): Promise<Float32Array> {
    return this.backend.readMatrix(this.matrix);
  }

  /** Frees the matrix. */
  release(): void {
    this.backend.release(this.matrix);
  }
}
