import type { CacheShape, DeviceBuffer, DeviceCache, DeviceMatrix, MemoryUsage } from '../../backend/backend.ts';
import { checkCacheDType } from '../../backend/check-cache-dtype.ts';
import type { MatrixFormat } from '../../backend/dtype.ts';
import { ReferenceCache } from './reference-cache.ts';
import { ReferenceMatrix } from './reference-matrix.ts';
import { ReferenceQuantizedMatrix } from './reference-quantized-matrix.ts';

type Handle = DeviceBuffer | DeviceMatrix | DeviceCache;
type Matrix = ReferenceMatrix | ReferenceQuantizedMatrix;
type Storage = Float32Array | Int32Array | Matrix | ReferenceCache;

/**
 * The memory of one reference backend: which handles are alive and what is behind each. A handle is a frozen description;
 * whoever holds it can reach the numbers only through the memory that made it.
 */
export class ReferenceMemory {
  readonly #live = new Map<Handle, Storage>();
  readonly #released = new WeakSet<Handle>();
  /** Buffers allocated in each open scope, innermost last. */
  readonly #scopes: Set<DeviceBuffer>[] = [];
  #allocatedBytes = 0;
  #peakBytes = 0;
  #isDisposed = false;

  allocate(dtype: 'float32' | 'int32', length: number): DeviceBuffer {
    checkCount('buffer', 'length', length, 0);
    const buffer = this.#add(
      `buffer of ${length} ${dtype}`,
      () => (dtype === 'float32' ? new Float32Array(length) : new Int32Array(length)),
      () => ({ kind: 'buffer', dtype, length }) as const,
    );
    this.#scopes.at(-1)?.add(buffer);
    return buffer;
  }

  allocateMatrix(format: MatrixFormat, rows: number, columns: number): DeviceMatrix {
    checkCount('matrix', 'rows', rows, 1);
    checkCount('matrix', 'columns', columns, 1);
    return this.#add(
      `matrix of ${rows} × ${columns}`,
      () => makeMatrix(format, rows, columns),
      ({ dtype, format, byteLength }) => ({ kind: 'matrix', dtype, format, rows, columns, byteLength }) as const,
    );
  }

  allocateCache({ numBlocks, kvHeads, headSize, dtype = 'float32' }: CacheShape): DeviceCache {
    checkCount('cache', 'numBlocks', numBlocks, 0);
    checkCount('cache', 'kvHeads', kvHeads, 1);
    checkCount('cache', 'headSize', headSize, 1);
    checkCacheDType(dtype);
    return this.#add(
      `cache of ${numBlocks} blocks`,
      () => new ReferenceCache({ numBlocks, kvHeads, headSize, dtype }),
      ({ byteLength }) => ({ kind: 'cache', numBlocks, kvHeads, headSize, dtype, byteLength }) as const,
    );
  }

  buffer(action: string, handle: DeviceBuffer): Float32Array | Int32Array {
    const storage = this.#storageOf(action, handle);
    if (storage instanceof Float32Array || storage instanceof Int32Array) return storage;
    throw new TypeError(`Cannot ${action}: got a ${handle.kind}, wanted a buffer`);
  }

  matrix(action: string, handle: DeviceMatrix): Matrix {
    const storage = this.#storageOf(action, handle);
    if (storage instanceof ReferenceMatrix || storage instanceof ReferenceQuantizedMatrix) return storage;
    throw new TypeError(`Cannot ${action}: got a ${handle.kind}, wanted a matrix`);
  }

  /** A matrix that is not quantised. */
  floatMatrix(action: string, handle: DeviceMatrix): ReferenceMatrix {
    const matrix = this.matrix(action, handle);
    if (matrix instanceof ReferenceMatrix) return matrix;
    throw new TypeError(`Cannot ${action}: the matrix is ${matrix.dtype}, wanted one of floats`);
  }

  quantizedMatrix(action: string, handle: DeviceMatrix): ReferenceQuantizedMatrix {
    const matrix = this.matrix(action, handle);
    if (matrix instanceof ReferenceQuantizedMatrix) return matrix;
    throw new TypeError(`Cannot ${action}: the matrix is ${matrix.dtype}, wanted a quantised one`);
  }

  cache(action: string, handle: DeviceCache): ReferenceCache {
    const storage = this.#storageOf(action, handle);
    if (storage instanceof ReferenceCache) return storage;
    throw new TypeError(`Cannot ${action}: got a ${handle.kind}, wanted a cache`);
  }

  release(handle: Handle): void {
    const storage = this.#storageOf('release', handle);
    this.#live.delete(handle);
    this.#released.add(handle);
    this.#allocatedBytes -= storage.byteLength;
  }

  scope<Result>(body: (keep: <Kept extends DeviceBuffer>(buffer: Kept) => Kept) => Result): Result {
    this.checkAlive('open scope');
    const allocated = new Set<DeviceBuffer>();
    const kept = new Set<DeviceBuffer>();
    this.#scopes.push(allocated);
    try {
      return body((buffer) => {
        this.#storageOf('keep', buffer);
        if (allocated.has(buffer)) kept.add(buffer);
        return buffer;
      });
    } catch (error) {
      kept.clear();
      throw error;
    } finally {
      this.#scopes.pop();
      this.#closeScope(allocated, kept);
    }
  }

  usage(): MemoryUsage {
    return {
      allocatedBytes: this.#allocatedBytes,
      peakBytes: this.#peakBytes,
      reservedBytes: this.#allocatedBytes,
    };
  }

  checkAlive(action: string): void {
    if (this.#isDisposed) throw new TypeError(`Cannot ${action}: the reference backend is disposed`);
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#live.clear();
    this.#allocatedBytes = 0;
  }

  #add<Made extends Handle, Kind extends Storage>(
    what: string,
    make: () => Kind,
    describe: (storage: Kind) => Made,
  ): Made {
    this.checkAlive('allocate');
    const storage = madeOrExhausted(what, make);
    const handle: Made = Object.freeze(describe(storage));
    this.#live.set(handle, storage);
    this.#allocatedBytes += storage.byteLength;
    this.#peakBytes = Math.max(this.#peakBytes, this.#allocatedBytes);
    return handle;
  }

  #storageOf(action: string, handle: Handle): Storage {
    this.checkAlive(action);
    const storage = this.#live.get(handle);
    if (storage !== undefined) return storage;
    if (this.#released.has(handle)) throw new TypeError(`Cannot ${action}: the ${handle.kind} is already released`);
    throw new TypeError(`Cannot ${action}: the ${handle.kind} does not belong to this reference backend`);
  }

  #closeScope(allocated: ReadonlySet<DeviceBuffer>, kept: ReadonlySet<DeviceBuffer>): void {
    const around = this.#scopes.at(-1);
    for (const buffer of allocated) {
      if (!this.#live.has(buffer)) continue;
      if (kept.has(buffer)) around?.add(buffer);
      else this.release(buffer);
    }
  }
}

function makeMatrix(format: MatrixFormat, rows: number, columns: number): Matrix {
  if (typeof format === 'string') return new ReferenceMatrix(format, rows, columns);
  return new ReferenceQuantizedMatrix(format, rows, columns);
}

function checkCount(what: string, name: string, count: number, least: number): void {
  if (Number.isSafeInteger(count) && count >= least) return;
  throw new RangeError(`Cannot allocate ${what}: ${name} is ${count}, wanted an integer of at least ${least}`);
}

function madeOrExhausted<Kind>(what: string, make: () => Kind): Kind {
  try {
    return make();
  } catch (cause) {
    throw new RangeError(`Cannot allocate ${what}: more than the JavaScript engine can hold`, { cause });
  }
}
