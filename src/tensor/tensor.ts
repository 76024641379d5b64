import type { Backend, DeviceBuffer } from '../backend/backend.ts';
import { formatShape, isSameShape, numElements, type Shape } from '../base/shape.ts';

/**
 * How a tensor was computed, where a gradient must pass through it: a node of the graph that `backward` walks. Operations
 * make one only if an input or a parameter needs a gradient, so inference builds no graph.
 */
export interface Origin {
  /** What it was computed from; parameters that only add to their own gradients need not be among them. */
  readonly inputs: readonly Tensor[];
  /** What `backward` reads beside the gradient: it outlives the scope it was made in. */
  readonly saved: readonly Tensor[];
  /** The vector-Jacobian product: ∂L/∂output to ∂L/∂input for each input, undefined where it needs none. */
  backward(outputGradient: Tensor): readonly (Tensor | undefined)[];
}

/**
 * Numbers on a device with a shape, row-major: float32 activations and small parameters, or int32 indices.
 *
 * @example
 * const tensor = Tensor.from(backend, Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
 * await tensor.read(); // Float32Array [1, 2, 3, 4, 5, 6]
 * tensor.release();
 */
export class Tensor {
  readonly backend: Backend;
  readonly buffer: DeviceBuffer;
  readonly shape: Shape;
  readonly origin: Origin | undefined;
  /** Where ∂L/∂tensor is added while it is trained, of the same shape; the owner of a parameter sets it. */
  gradient: Tensor | undefined;

  /** Wraps a buffer. Throws a `RangeError` unless its length is the product of `shape`. */
  constructor(backend: Backend, buffer: DeviceBuffer, shape: Shape, origin?: Origin) {
    if (numElements(shape) !== buffer.length)
      throw new RangeError(`Cannot shape a buffer of ${buffer.length} elements as ${formatShape(shape)}`);
    this.backend = backend;
    this.buffer = buffer;
    this.shape = shape;
    this.origin = origin;
  }

  /** A tensor whose contents are undefined. */
  static allocate(backend: Backend, shape: Shape, dtype: 'float32' | 'int32' = 'float32'): Tensor {
    return new Tensor(backend, backend.allocate(dtype, numElements(shape)), shape);
  }

  /** A tensor of zeros. */
  static zeros(backend: Backend, shape: Shape): Tensor {
    const tensor = Tensor.allocate(backend, shape);
    backend.fill(tensor.buffer, 0);
    return tensor;
  }

  /** A tensor of the given values, row-major. Throws a `RangeError` unless `shape` has as many. */
  static from(backend: Backend, values: Float32Array | Int32Array, shape: Shape = [values.length]): Tensor {
    if (numElements(shape) !== values.length)
      throw new RangeError(`Cannot make a tensor of shape ${formatShape(shape)} from ${values.length} values`);
    const tensor = Tensor.allocate(backend, shape, values instanceof Float32Array ? 'float32' : 'int32');
    backend.write(tensor.buffer, values);
    return tensor;
  }

  get dtype(): 'float32' | 'int32' {
    return this.buffer.dtype;
  }

  /** Whether a gradient must reach this tensor. */
  get needsGradient(): boolean {
    return this.origin !== undefined || this.gradient !== undefined;
  }

  /** Rows when the last dimension is taken as the row: the product of all sizes but the last. */
  get numRows(): number {
    return numElements(this.shape.slice(0, -1));
  }

  /** The size of the last dimension. */
  get numColumns(): number {
    return this.shape.at(-1) ?? 1;
  }

  /** The same buffer under another shape. Throws a `RangeError` unless it has as many elements. */
  reshape(shape: Shape): Tensor {
    const view = new Tensor(this.backend, this.buffer, shape);
    if (!this.needsGradient) return view;
    return view.withOrigin({ inputs: [this], saved: [], backward: (gradient) => [gradient.reshape(this.shape)] });
  }

  /** The same numbers, computed as `origin` says. */
  withOrigin(origin: Origin): Tensor {
    return new Tensor(this.backend, this.buffer, this.shape, origin);
  }

  /** The values as everything recorded so far leaves them, row-major; the array is the caller's own. */
  read(target?: Float32Array | Int32Array): Promise<Float32Array | Int32Array> {
    return target === undefined ? this.backend.read(this.buffer) : this.backend.read(this.buffer, target);
  }

  /** Frees the buffer; inside a scope its end does that. */
  release(): void {
    this.backend.release(this.buffer);
  }

  /** Throws a `RangeError` naming `role` unless the tensor has this shape. */
  expectShape(shape: Shape, role: string): this {
    if (!isSameShape(this.shape, shape))
      throw new RangeError(`Cannot use ${role}: shape ${formatShape(this.shape)}, wanted ${formatShape(shape)}`);
    return this;
  }
}

/**
 * Runs `body` in a scope of the backend: every tensor made inside is freed at its end, except the result and what its
 * gradient will need.
 */
export function scoped(backend: Backend, body: () => Tensor): Tensor {
  return backend.scope((keep) => {
    const result = body();
    keep(result.buffer);
    if (result.origin !== undefined)
      forEachOrigin(result, ({ saved }) => {
        for (const tensor of saved) keep(tensor.buffer);
      });
    return result;
  });
}

function forEachOrigin(from: Tensor, visit: (origin: Origin) => void): void {
  const seen = new Set<Tensor>([from]);
  for (const { origin } of seen) {
    if (origin === undefined) continue;
    visit(origin);
    for (const input of origin.inputs) seen.add(input); // a set that grows is walked to its end
  }
}
