import { numberToBfloat16, numberToFloat16 } from '../../base/float16.ts';
import type { Backend, CacheShape, DeviceBuffer, DeviceCache, DeviceMatrix } from '../backend.ts';
import type { MatrixFormat, WeightDType } from '../dtype.ts';
import type { Numbers } from './expect-close.ts';

/** Puts numbers on a backend and remembers what it made, so that a case leaves nothing behind. */
export class Workbench {
  readonly backend: Backend;
  readonly #made = new Set<DeviceBuffer | DeviceMatrix | DeviceCache>();

  constructor(backend: Backend) {
    this.backend = backend;
  }

  /** A buffer with these numbers. */
  put(numbers: Numbers): DeviceBuffer {
    const buffer = this.#own(
      this.backend.allocate(numbers instanceof Int32Array ? 'int32' : 'float32', numbers.length),
    );
    this.backend.write(buffer, numbers);
    return buffer;
  }

  /** A buffer of NaN (int32: of a large negative number), so that an element nobody writes shows. */
  output(length: number, dtype: 'float32' | 'int32' = 'float32'): DeviceBuffer {
    const numbers = dtype === 'float32' ? new Float32Array(length) : new Int32Array(length);
    return this.put(numbers.fill(dtype === 'float32' ? Number.NaN : -123456789));
  }

  /** A weight matrix with these numbers, row-major, rounded to `dtype`. */
  async matrix(dtype: WeightDType, rows: number, columns: number, numbers: Float32Array): Promise<DeviceMatrix> {
    const matrix = this.#own(this.backend.allocateMatrix(dtype, rows, columns));
    await this.backend.writeMatrix(matrix, {
      data: toBytes(numbers, dtype),
      dtype,
      order: 'rows',
      first: 0,
      count: rows,
    });
    return matrix;
  }

  emptyMatrix(format: MatrixFormat, rows: number, columns: number): DeviceMatrix {
    return this.#own(this.backend.allocateMatrix(format, rows, columns));
  }

  cache(shape: CacheShape): DeviceCache {
    return this.#own(this.backend.allocateCache(shape));
  }

  /** Releases before the end what the bench made. */
  release(handle: DeviceBuffer | DeviceMatrix | DeviceCache): void {
    this.#made.delete(handle);
    this.backend.release(handle);
  }

  /** The numbers after `run` has filled an output of `length` elements. */
  result(length: number, run: (output: DeviceBuffer) => void, dtype?: 'float32' | 'int32'): Promise<Numbers> {
    const output = this.output(length, dtype);
    run(output);
    return this.backend.read(output);
  }

  /** The numbers after `run` has worked on a buffer that is input and output at once. */
  inPlace(input: Numbers, run: (buffer: DeviceBuffer) => void): Promise<Numbers> {
    const buffer = this.put(input);
    run(buffer);
    return this.backend.read(buffer);
  }

  clear(): void {
    for (const handle of this.#made) this.backend.release(handle);
    this.#made.clear();
  }

  #own<Made extends DeviceBuffer | DeviceMatrix | DeviceCache>(handle: Made): Made {
    this.#made.add(handle);
    return handle;
  }
}

/** Runs `body` at a workbench of the backend, clears it, and checks that all memory has come back. */
export async function atWorkbench<Result>(
  backend: Backend,
  body: (bench: Workbench) => Promise<Result>,
): Promise<Result> {
  const bench = new Workbench(backend);
  const before = backend.memoryUsage().allocatedBytes;
  let result: Result;
  try {
    result = await body(bench);
  } finally {
    bench.clear();
  }
  const after = backend.memoryUsage().allocatedBytes;
  if (after !== before)
    throw new Error(`memoryUsage: ${after} bytes allocated after the case, wanted ${before} as before`);
  return result;
}

/** Bytes of numbers in a weight dtype, as a file stores them (on a little-endian machine, as all are that run this). */
export function toBytes(numbers: Float32Array, dtype: WeightDType): Uint8Array {
  if (dtype === 'float32') return new Uint8Array(numbers.slice().buffer);
  const encode = dtype === 'bfloat16' ? numberToBfloat16 : numberToFloat16;
  const elements = new Uint16Array(numbers.length);
  for (let i = 0; i < numbers.length; i++) elements[i] = encode(numbers[i]!);
  return new Uint8Array(elements.buffer);
}
