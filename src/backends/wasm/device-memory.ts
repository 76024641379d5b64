import type { CacheShape, DeviceBuffer, DeviceCache, DeviceMatrix, MemoryUsage } from '../../backend/backend.ts';
import { checkCacheDType } from '../../backend/check-cache-dtype.ts';
import { type MatrixFormat, matrixDType, WEIGHT_DTYPES, type WeightDType } from '../../backend/dtype.ts';
import { checkScheme, type QuantizationScheme } from '../../quantized/quantization-scheme.ts';
import { cacheByteLength } from './cache-layout.ts';
import { WasmBuffer, WasmCache, type WasmHandle, WasmMatrix } from './handles.ts';
import { alignedBytes, type Heap } from './heap.ts';
import { matrixByteLength } from './matrix-layout.ts';

type Handle = DeviceBuffer | DeviceMatrix | DeviceCache;

export interface DeviceMemoryOptions {
  readonly heap: Heap;
  /** Sets memory to zeros, in order with the operations. */
  readonly clear: (address: number, bytes: number) => void;
  /** Bytes taken from the system. */
  readonly reservedBytes: () => number;
}

/** The handles of one backend: makes them, tells the living from the dead and from those of others, and counts bytes. */
export class DeviceMemory {
  readonly #options: DeviceMemoryOptions;
  readonly #heap: Heap;
  /** Buffers made in each open scope or moved there, innermost last; some may be released or have moved on. */
  readonly #scopes: WasmBuffer[][] = [];
  #allocatedBytes = 0;
  /** The most that handles and scratch memory have taken together. */
  #peakBytes = 0;
  #scratch = { address: 0, bytes: 0 };
  #isDisposed = false;

  constructor(options: DeviceMemoryOptions) {
    this.#options = options;
    this.#heap = options.heap;
  }

  allocate(dtype: 'float32' | 'int32', length: number): WasmBuffer {
    if (dtype !== 'float32' && dtype !== 'int32') {
      throw new TypeError(`Cannot allocate a buffer: dtype ${JSON.stringify(dtype)}, wanted float32 or int32`);
    }
    checkCount('a buffer', 'length', length, 0);
    const address = this.#take(length * 4, 'a buffer');
    const buffer = new WasmBuffer(this, dtype, length, address);
    move(buffer, this.#scopes.at(-1));
    return buffer;
  }

  allocateMatrix(format: MatrixFormat, rows: number, columns: number): WasmMatrix {
    checkFormat(format);
    checkCount('a matrix', 'rows', rows, 1);
    checkCount('a matrix', 'columns', columns, 1);
    const byteLength = matrixByteLength(format, rows, columns);
    const address = this.#takeZeros(byteLength, `a ${matrixDType(format)} matrix of ${rows} × ${columns}`);
    return new WasmMatrix(this, address, { format, rows, columns, byteLength });
  }

  allocateCache({ numBlocks, kvHeads, headSize, dtype = 'float32' }: CacheShape): WasmCache {
    checkCacheDType(dtype);
    checkCount('a cache', 'numBlocks', numBlocks, 0);
    checkCount('a cache', 'kvHeads', kvHeads, 1);
    checkCount('a cache', 'headSize', headSize, 1);
    const byteLength = cacheByteLength({ numBlocks, kvHeads, headSize, dtype });
    const address = this.#takeZeros(byteLength, `a cache of ${numBlocks} blocks`);
    return new WasmCache(this, address, { numBlocks, kvHeads, headSize, dtype, byteLength });
  }

  buffer(action: string, handle: DeviceBuffer): WasmBuffer {
    if (handle instanceof WasmBuffer && handle.owner === this && !handle.isReleased && !this.#isDisposed) return handle;
    return this.#reject(action, 'buffer', handle);
  }

  matrix(action: string, handle: DeviceMatrix): WasmMatrix {
    if (handle instanceof WasmMatrix && handle.owner === this && !handle.isReleased && !this.#isDisposed) return handle;
    return this.#reject(action, 'matrix', handle);
  }

  /** A matrix that is not quantised, and its dtype. */
  floatMatrix(action: string, handle: DeviceMatrix): { readonly matrix: WasmMatrix; readonly dtype: WeightDType } {
    const matrix = this.matrix(action, handle);
    if (typeof matrix.format === 'string') return { matrix, dtype: matrix.format };
    throw new TypeError(`Cannot ${action}: the matrix is ${matrix.dtype}, wanted one of floats`);
  }

  /** A quantised matrix, and its scheme. */
  quantizedMatrix(
    action: string,
    handle: DeviceMatrix,
  ): { readonly matrix: WasmMatrix; readonly scheme: QuantizationScheme } {
    const matrix = this.matrix(action, handle);
    if (typeof matrix.format !== 'string') return { matrix, scheme: matrix.format };
    throw new TypeError(`Cannot ${action}: the matrix is ${matrix.dtype}, wanted a quantised one`);
  }

  cache(action: string, handle: DeviceCache): WasmCache {
    if (handle instanceof WasmCache && handle.owner === this && !handle.isReleased && !this.#isDisposed) return handle;
    return this.#reject(action, 'cache', handle);
  }

  release(handle: Handle): void {
    this.#give(this.#known('release', handle));
  }

  scope<Result>(body: (keep: <Kept extends DeviceBuffer>(buffer: Kept) => Kept) => Result): Result {
    this.checkAlive('open a scope');
    const around = this.#scopes.at(-1);
    const scope: WasmBuffer[] = [];
    const kept: WasmBuffer[] = [];
    this.#scopes.push(scope);
    try {
      const result = body((buffer) => {
        const known = this.buffer('keep', buffer);
        if (known.scope === scope) kept.push(known);
        return buffer;
      });
      for (const buffer of kept) if (!buffer.isReleased) move(buffer, around);
      return result;
    } finally {
      this.#scopes.pop();
      for (const buffer of scope) if (buffer.scope === scope && !buffer.isReleased) this.#give(buffer);
    }
  }

  /**
   * At least `bytes` of scratch memory for the commands that are recorded next. All operations share it, since they run one
   * after the other; it stays as large as the largest wanted.
   */
  scratch(bytes: number): number {
    if (bytes > this.#scratch.bytes) {
      this.#heap.release(this.#scratch.address, this.#scratch.bytes);
      this.#scratch = { address: 0, bytes: 0 };
      this.#scratch = { address: this.#heap.allocate(bytes, 'scratch memory'), bytes };
      this.#notePeak();
    }
    return this.#scratch.address;
  }

  usage(): MemoryUsage {
    return {
      allocatedBytes: this.#allocatedBytes,
      peakBytes: this.#peakBytes,
      reservedBytes: this.#isDisposed ? 0 : this.#options.reservedBytes(),
    };
  }

  checkAlive(action: string): void {
    if (this.#isDisposed) throw new TypeError(`Cannot ${action}: the WASM backend is disposed`);
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#allocatedBytes = 0;
  }

  #take(bytes: number, what: string): number {
    this.checkAlive('allocate');
    const address = this.#heap.allocate(bytes, what);
    this.#allocatedBytes += alignedBytes(bytes);
    this.#notePeak();
    return address;
  }

  #notePeak(): void {
    const bytes = this.#allocatedBytes + this.#scratch.bytes;
    if (bytes > this.#peakBytes) this.#peakBytes = bytes;
  }

  /** Memory that was never handed out is zeros already, and stays away from the processor's caches and from the system's. */
  #takeZeros(bytes: number, what: string): number {
    const untouched = this.#heap.untouched;
    const address = this.#take(bytes, what);
    if (address < untouched) this.#options.clear(address, Math.min(bytes, untouched - address));
    return address;
  }

  #give(handle: WasmHandle): void {
    handle.isReleased = true;
    this.#heap.release(handle.address, handle.byteLength);
    this.#allocatedBytes -= alignedBytes(handle.byteLength);
  }

  #known(action: string, handle: Handle): WasmHandle {
    if (handle.kind === 'buffer') return this.buffer(action, handle);
    return handle.kind === 'matrix' ? this.matrix(action, handle) : this.cache(action, handle);
  }

  #reject(action: string, wanted: Handle['kind'], handle: Handle): never {
    this.checkAlive(action);
    const isOwn = handle instanceof WasmBuffer || handle instanceof WasmMatrix || handle instanceof WasmCache;
    if (!isOwn || handle.owner !== this) {
      throw new TypeError(`Cannot ${action}: the ${handle?.kind ?? 'handle'} does not belong to this WASM backend`);
    }
    if (handle.kind !== wanted) throw new TypeError(`Cannot ${action}: got a ${handle.kind}, wanted a ${wanted}`);
    throw new TypeError(`Cannot ${action}: the ${handle.kind} is already released`);
  }
}

function move(buffer: WasmBuffer, to: WasmBuffer[] | undefined): void {
  buffer.scope = to;
  to?.push(buffer);
}

function checkFormat(format: MatrixFormat): void {
  if (typeof format !== 'string') checkScheme(format);
  else if (!WEIGHT_DTYPES.includes(format)) {
    throw new TypeError(
      `Cannot allocate a matrix: dtype ${JSON.stringify(format)}, wanted ${WEIGHT_DTYPES.join(', ')}`,
    );
  }
}

function checkCount(what: string, name: string, count: number, least: number): void {
  if (Number.isSafeInteger(count) && count >= least) return;
  throw new RangeError(`Cannot allocate ${what}: ${name} is ${count}, wanted an integer of at least ${least}`);
}
