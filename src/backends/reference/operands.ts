import type { DeviceBuffer, DeviceCache, DeviceColumns, DeviceMatrix } from '../../backend/backend.ts';
import { sliceColumns } from './kernels/rows.ts';
import type { ReferenceCache } from './reference-cache.ts';
import type { ReferenceMatrix } from './reference-matrix.ts';
import type { ReferenceMemory } from './reference-memory.ts';
import type { ReferenceQuantizedMatrix } from './reference-quantized-matrix.ts';

/** Looks up the operands of one call of operation `op`, and throws if one is dead, foreign, or of another type or size. */
export class Operands {
  readonly #memory: ReferenceMemory;
  readonly #action: string;

  constructor(memory: ReferenceMemory, op: string) {
    this.#memory = memory;
    this.#action = `run ${op}`;
  }

  /** The elements of a float32 buffer, of `length` if given. */
  floats(name: string, handle: DeviceBuffer, length?: number): Float32Array {
    const elements = this.elements(name, handle, length);
    if (elements instanceof Float32Array) return elements;
    throw new TypeError(`Cannot ${this.#action}: ${name} is int32, wanted float32`);
  }

  /** The elements (rows, width) of a float32 buffer of so many, or of columns of a wider one. */
  rowsOf(name: string, operand: DeviceBuffer | DeviceColumns, rows: number, width: number): Float32Array {
    if (!('buffer' in operand)) return this.floats(name, operand, rows * width);
    const { buffer, columns, start } = operand;
    if (!(start >= 0 && start + width <= columns))
      this.fail(`${name} is columns ${start} to ${start + width} of ${columns}`);
    const output = new Float32Array(rows * width);
    sliceColumns(output, this.floats(name, buffer, rows * columns), { columns, start, width });
    return output;
  }

  /** The elements of an int32 buffer, of `length` if given, each in 0 … limit − 1 if given. */
  ints(name: string, handle: DeviceBuffer, length?: number, limit?: number): Int32Array {
    const elements = this.elements(name, handle, length);
    if (!(elements instanceof Int32Array)) {
      throw new TypeError(`Cannot ${this.#action}: ${name} is float32, wanted int32`);
    }
    if (limit !== undefined) {
      const outside = elements.find((element) => element < 0 || element >= limit);
      if (outside !== undefined) this.fail(`${name} has ${outside}, wanted 0 to ${limit - 1}`);
    }
    return elements;
  }

  /** The elements of a buffer of either dtype. */
  elements(name: string, handle: DeviceBuffer, length?: number): Float32Array | Int32Array {
    const elements = this.#memory.buffer(this.#action, handle);
    if (length !== undefined && elements.length !== length) {
      this.fail(`${name} has ${elements.length} elements, wanted ${length}`);
    }
    return elements;
  }

  matrix(handle: DeviceMatrix): ReferenceMatrix | ReferenceQuantizedMatrix {
    return this.#memory.matrix(this.#action, handle);
  }

  floatMatrix(handle: DeviceMatrix): ReferenceMatrix {
    return this.#memory.floatMatrix(this.#action, handle);
  }

  cache(handle: DeviceCache): ReferenceCache {
    return this.#memory.cache(this.#action, handle);
  }

  /** The number of rows of `columns` elements in a buffer, which must be whole. */
  numRows(name: string, length: number, columns: number): number {
    this.positive('columns', columns);
    if (length % columns !== 0) this.fail(`${name} has ${length} elements, wanted whole rows of ${columns}`);
    return length / columns;
  }

  positive(name: string, value: number): void {
    if (!Number.isInteger(value) || value < 1) this.fail(`${name} is ${value}, wanted a positive integer`);
  }

  fraction(name: string, value: number): void {
    if (!(value >= 0 && value <= 1)) this.fail(`${name} is ${value}, wanted 0 to 1`);
  }

  /** An output that may not be one of the inputs. */
  distinct(output: DeviceBuffer, ...inputs: readonly (DeviceBuffer | DeviceColumns | undefined)[]): void {
    if (inputs.some((input) => input !== undefined && ('buffer' in input ? input.buffer : input) === output))
      this.fail('the output is also an input, wanted another buffer');
  }

  fail(problem: string): never {
    throw new RangeError(`Cannot ${this.#action}: ${problem}`);
  }
}
