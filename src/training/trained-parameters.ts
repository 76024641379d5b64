import type { Backend, DeviceMatrix } from '../backend/backend.ts';
import type { Parameters } from '../models/parameters.ts';
import { Tensor } from '../tensor/tensor.ts';

/** A parameter that is trained: its values in float32, and where its gradient is added. */
export interface TrainedParameter {
  /** Where it stands in the module tree: `layers.0.mlp.up.weight`. */
  readonly path: string;
  readonly kind: 'matrix' | 'vector';
  /** Row-major; of a matrix (rows, columns). */
  readonly values: Tensor;
  /** Of the shape of `values`. */
  readonly gradient: Tensor;
  /** What the model computes with; undefined for a vector, which is its values. */
  readonly matrix: DeviceMatrix | undefined;
}

/**
 * The parameters of a model that are trained, with their gradients. A gradient reaches them from `create` until `release`;
 * the others are frozen.
 */
export class TrainedParameters {
  readonly backend: Backend;
  readonly list: readonly TrainedParameter[];
  readonly #freeze: () => void;

  private constructor(backend: Backend, list: readonly TrainedParameter[], freeze: () => void) {
    this.backend = backend;
    this.list = list;
    this.#freeze = freeze;
  }

  /** Has the parameters at which `isTrained` says so trained, all unless given. If it fails, none is. */
  static async create(parameters: Parameters, isTrained: (path: string) => boolean = () => true) {
    const { backend } = parameters;
    const list: TrainedParameter[] = [];
    const freeze = () => {
      for (const [, parameter] of parameters.entries) {
        if (parameter instanceof Tensor) parameter.gradient = undefined;
        else parameter.trained = undefined;
      }
      for (const { gradient, values, kind } of list) {
        gradient.release();
        if (kind === 'matrix') values.release();
      }
    };
    try {
      for (const [path, parameter] of parameters.entries) {
        if (!isTrained(path)) continue;
        const gradient = Tensor.zeros(backend, parameter.shape);
        if (parameter instanceof Tensor) {
          list.push({ path, kind: 'vector', values: parameter, gradient, matrix: undefined });
          parameter.gradient = gradient;
        } else {
          const values = Tensor.allocate(backend, parameter.shape);
          list.push({ path, kind: 'matrix', values, gradient, matrix: parameter.matrix });
          parameter.trained = { values, gradient };
          backend.write(values.buffer, await parameter.read());
        }
      }
    } catch (error) {
      freeze();
      throw error;
    }
    return new TrainedParameters(backend, list, freeze);
  }

  /** Numbers that are trained. */
  get numValues(): number {
    return this.list.reduce((sum, { values }) => sum + values.buffer.length, 0);
  }

  /** Sets every gradient to zeros. */
  clearGradients(): void {
    for (const { gradient } of this.list) this.backend.fill(gradient.buffer, 0);
  }

  /** Has the model compute with the values as they are now. */
  apply(): void {
    for (const { matrix, values } of this.list)
      if (matrix !== undefined) this.backend.packMatrix(matrix, values.buffer);
  }

  /** Freezes all, and frees what training took; the model stays as it was at the last `apply`. */
  release(): void {
    this.#freeze();
  }
}
