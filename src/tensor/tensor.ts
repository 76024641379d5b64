import type { Backend, DeviceBuffer } from '../backend/backend.ts';
import { formatShape, isSameShape, numElements, type Shape } from '../base/shape.ts';

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

  /** Wraps a buffer. Throws a `RangeError` unless its length is the product of `shape`. */
  constructor(backend: Backend, buffer: DeviceBuffer, shape: Shape) {
    if (numElements(shape) !== buffer.length)
      throw new RangeError(`Cannot shape a buffer of ${buffer.length} elements as ${formatShape(shape)}`);
    this.backend = backend;
    this.buffer = buffer;
    this.shape = shape;
  }

  /** A tensor whose contents are undefined. */
  static allocate(backend: Backend, shape: Shape, dtype: 'float32' | 'int32' = 'float32'): Tensor {
    return new Tensor(backend, backend.allocate(dtype, numElements(shape)), shape);
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
    return new Tensor(this.backend, this.buffer, shape);
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

/** Runs `body` in a scope of the backend: every tensor made inside is freed at its end, except the result. */
export function scoped(backend: Backend, body: () => Tensor): Tensor {
  return backend.scope((keep) => {
    const result = body();
    keep(result.buffer);
    return result;
  });
}
