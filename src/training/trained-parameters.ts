import type { Backend, DeviceMatrix } from '../backend/backend.ts';
import type { Parameters } from '../models/parameters.ts';
import { Tensor } from '../tensor/tensor.ts';
import { Weight } from '../tensor/weight.ts';

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
  readonly #owners: readonly (Weight | Tensor)[];

  private constructor(backend: Backend, owners: readonly [string, Weight | Tensor][]) {
    this.backend = backend;
    this.list = allocateAll(owners);
    this.#owners = owners.map(([, owner]) => owner);
    this.#attach();
  }

  /** Has the parameters at which `isTrained` says so trained, all unless given. If it fails, none is. */
  static async create(parameters: Parameters, isTrained: (path: string) => boolean = () => true) {
    const trained = TrainedParameters.allocate(parameters, isTrained);
    try {
      for (const [i, owner] of trained.#owners.entries())
        if (owner instanceof Weight) parameters.backend.write(trained.list[i]!.values.buffer, await owner.read());
    } catch (error) {
      trained.release();
      throw error;
    }
    return trained;
  }

  /** `create` without the values of matrices, which are undefined: for measuring. */
  static allocate(parameters: Parameters, isTrained: (path: string) => boolean = () => true): TrainedParameters {
    const owners = [...parameters.entries].filter(([path]) => isTrained(path));
    for (const [path, owner] of owners) expectFloats(path, owner);
    return new TrainedParameters(parameters.backend, owners);
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

  /** What `body` gives, which records while no gradient reaches the parameters: no graph is built. */
  frozen<Result>(body: () => Result): Result {
    this.#detach();
    try {
      return body();
    } finally {
      this.#attach();
    }
  }

  /** Freezes all, and frees what training took; the model stays as it was at the last `apply`. */
  release(): void {
    this.#detach();
    releaseAll(this.list);
  }

  #attach(): void {
    for (const [i, owner] of this.#owners.entries()) {
      const { values, gradient } = this.list[i]!;
      if (owner instanceof Tensor) owner.gradient = gradient;
      else owner.trained = { values, gradient };
    }
  }

  #detach(): void {
    for (const owner of this.#owners) {
      if (owner instanceof Tensor) owner.gradient = undefined;
      else owner.trained = undefined;
    }
  }
}

/** A step of training is far smaller than one of codes. */
function expectFloats(path: string, owner: Weight | Tensor): void {
  if (owner instanceof Weight && typeof owner.format !== 'string')
    throw new TypeError(
      `Cannot train ${path}: it is ${owner.dtype}, wanted floats; load the model with dtype "float32", which widens codes, or train an adapter`,
    );
}

/** If memory does not suffice, none is taken. */
function allocateAll(owners: readonly [string, Weight | Tensor][]): readonly TrainedParameter[] {
  const list: TrainedParameter[] = [];
  try {
    for (const [path, owner] of owners) list.push(allocate(path, owner));
  } catch (error) {
    releaseAll(list);
    throw error;
  }
  return list;
}

function allocate(path: string, owner: Weight | Tensor): TrainedParameter {
  const gradient = Tensor.zeros(owner.backend, owner.shape);
  if (owner instanceof Tensor) return { path, kind: 'vector', values: owner, gradient, matrix: undefined };
  try {
    const values = Tensor.allocate(owner.backend, owner.shape);
    return { path, kind: 'matrix', values, gradient, matrix: owner.matrix };
  } catch (error) {
    gradient.release();
    throw error;
  }
}

function releaseAll(list: readonly TrainedParameter[]): void {
  for (const { gradient, values, kind } of list) {
    gradient.release();
    if (kind === 'matrix') values.release();
  }
}
