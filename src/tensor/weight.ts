import type { Backend, DeviceMatrix } from '../backend/backend.ts';
import type { MatrixDType, MatrixFormat } from '../backend/dtype.ts';
import type { Tensor } from './tensor.ts';

/** What a matrix has beside its packed values while it is trained; both (rows, columns), row-major float32. */
export interface TrainedValues {
  /** The values that the optimizer changes; the packed ones are made from them after each step. */
  readonly values: Tensor;
  /** Where ∂L/∂values is added. */
  readonly gradient: Tensor;
}

/** A weight matrix (rows outputs × columns inputs) in the backend's own layout and in its own width, or quantised. */
export class Weight {
  readonly backend: Backend;
  readonly matrix: DeviceMatrix;
  /** Undefined: frozen. */
  trained: TrainedValues | undefined;

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

  get dtype(): MatrixDType {
    return this.matrix.dtype;
  }

  /** The dtype, or the scheme that the matrix is quantised in. */
  get format(): MatrixFormat {
    return this.matrix.format;
  }

  get shape(): readonly [number, number] {
    return [this.rows, this.columns];
  }

  /** Whether a gradient must reach this matrix. */
  get needsGradient(): boolean {
    return this.trained !== undefined;
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
