import type { Backend } from '../backend/backend.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { Weight } from '../tensor/weight.ts';

/** The loaded parameters of a model by module path; it owns their memory. */
export class Parameters {
  readonly backend: Backend;
  readonly #byPath: ReadonlyMap<string, Weight | Tensor>;
  readonly #all: ReadonlySet<Weight | Tensor>;

  constructor(backend: Backend, byPath: ReadonlyMap<string, Weight | Tensor>) {
    this.backend = backend;
    this.#byPath = byPath;
    this.#all = new Set(byPath.values());
  }

  get entries(): IterableIterator<[string, Weight | Tensor]> {
    return this.#byPath.entries();
  }

  has(parameter: Weight | Tensor): boolean {
    return this.#all.has(parameter);
  }

  weight(path: string): Weight {
    const found = this.#get(path);
    if (found instanceof Tensor) throw new TypeError(`Cannot use ${path} as a matrix: it is a vector`);
    return found;
  }

  vector(path: string): Tensor {
    const found = this.#get(path);
    if (!(found instanceof Tensor)) throw new TypeError(`Cannot use ${path} as a vector: it is a matrix`);
    return found;
  }

  /** The vector at a path, or undefined if the model has none. */
  optionalVector(path: string): Tensor | undefined {
    return this.#byPath.has(path) ? this.vector(path) : undefined;
  }

  release(): void {
    for (const parameter of this.#byPath.values()) parameter.release();
  }

  #get(path: string): Weight | Tensor {
    const found = this.#byPath.get(path);
    if (found === undefined) throw new RangeError(`Cannot find parameter ${path}`);
    return found;
  }
}
