import type { QuantizedValues } from '../quantized/quantized-matrix.ts';
import type { CacheShape, DeviceBuffer, DeviceCache, DeviceMatrix } from './device-handles.ts';
import type { MatrixFormat, WeightDType } from './dtype.ts';
import type { Operations } from './operations.ts';
import type { TrainingOperations } from './training-operations.ts';

export {
  CACHE_BLOCK_SIZE,
  type CacheShape,
  type DeviceBuffer,
  type DeviceCache,
  type DeviceColumns,
  type DeviceMatrix,
} from './device-handles.ts';
export {
  ACTIVATIONS,
  type Activation,
  type AttentionOptions,
  type AttentionSpan,
  type LinearEpilogue,
  type Operations,
  type PagedAttentionOptions,
  type PagedBatch,
  type PositionBias,
  type RotaryShape,
  type TopKShape,
} from './operations.ts';
export type {
  AdamWStep,
  AttentionGradients,
  CrossEntropyOptions,
  NormGradients,
  SgdStep,
  TrainingOperations,
} from './training-operations.ts';

/**
 * The contract between Kvasir and a device: some forty operations at the grain of a Transformer, those of training
 * included, and the memory they work on. Every operation is required of every backend.
 *
 * **Order.** Operations are recorded when called and run in that order; nothing has to have run until a promise of
 * `read`, `readMatrix`, `readBlocks`, `writeMatrix`, `writeBlocks` or `synchronize` resolves. Writes are ordered with the
 * operations around them: what is recorded after `write` returns sees the written values, and the caller may reuse its
 * array at once.
 *
 * **Numbers.** Activations are float32, row-major, without padding. Each output element is reduced in one fixed order
 * that depends on nothing but the element's own inputs: not on the number of rows in the call, the number of threads,
 * or the other sequences in a batch. Two calls that give a row the same inputs give it the same bits.
 *
 * **Zero rows.** An operation over no rows does nothing.
 *
 * Letters in the comments: T tokens (rows), C channels, H query heads, G key/value heads, D head size, V vocabulary,
 * S sequences, B cache blocks.
 */
export interface Backend extends Operations, TrainingOperations {
  /** What the device is called at the edges: `wasm`, `reference`. */
  readonly name: string;
  /** Threads that compute; the numbers do not depend on it. */
  readonly numThreads: number;

  /**
   * A dense buffer of `length` elements whose contents are undefined. Throws a `RangeError` when memory is exhausted.
   */
  allocate(dtype: 'float32' | 'int32', length: number): DeviceBuffer;
  /**
   * A weight matrix of zeros, `rows` outputs by `columns` inputs, in the backend's own layout: of floats, or quantised in a scheme.
   */
  allocateMatrix(format: MatrixFormat, rows: number, columns: number): DeviceMatrix;
  /** The paged cache of one attention layer, all zeros. Attention reads the rounded keys and values as float32. */
  allocateCache(shape: CacheShape): DeviceCache;
  /** Copies `data` to the elements from `offset` on. */
  write(buffer: DeviceBuffer, data: Float32Array | Int32Array, offset?: number): void;
  /**
   * Copies a part of a weight matrix from a file's bytes, converting to the matrix's dtype (round to nearest even). Rejects with a
   * `TypeError` where the matrix is quantised.
   */
  writeMatrix(matrix: DeviceMatrix, part: MatrixPart): Promise<void>;
  /**
   * Copies whole rows of a quantised matrix, to the bit. Until the promise resolves the data must stay as they are. Rejects with a
   * `TypeError` where the matrix is of floats, and with a `RangeError` for rows that it does not have and values that do not fit.
   */
  writeQuantized(matrix: DeviceMatrix, part: QuantizedPart): Promise<void>;
  /**
   * The elements of a dense buffer as everything recorded before the call leaves them; what is recorded afterwards, or
   * a release of the buffer, does not change them. They come in `target` (of the same dtype and length) if it is given,
   * else in a new array of the caller's own.
   */
  read(buffer: DeviceBuffer): Promise<Float32Array | Int32Array>;
  read<Target extends Float32Array | Int32Array>(buffer: DeviceBuffer, target: Target): Promise<Target>;
  /** The values of a weight matrix, row-major (rows × columns), widened to float32; of a quantised one, what it stands for. */
  readMatrix(matrix: DeviceMatrix): Promise<Float32Array>;
  /**
   * The keys and values of whole cache blocks, in the order of `blocks`, as everything recorded before the call leaves
   * them; what is recorded afterwards, or a release of the cache, does not change them. Rejects with a `RangeError` for a
   * block that the cache does not have.
   */
  readBlocks(cache: DeviceCache, blocks: readonly number[]): Promise<CacheBlocks>;
  /**
   * Replaces the keys and values of whole cache blocks, to the bit, after everything recorded before the call. Until the
   * promise resolves the data must stay as they are, and what is recorded need not see them. Rejects, with nothing written,
   * with a `RangeError` for a block that the cache does not have or that comes twice, and for data of another length.
   */
  writeBlocks(cache: DeviceCache, blocks: readonly number[], data: CacheBlocks): Promise<void>;
  /** Resolves when everything recorded so far has run. */
  synchronize(): Promise<void>;
  /**
   * Gives the memory of a handle back; using the handle afterwards is an error. Operations already recorded still run.
   */
  release(handle: DeviceBuffer | DeviceMatrix | DeviceCache): void;
  /**
   * Runs `body` and then releases every dense buffer that was allocated inside it, except those given to `keep`. Scopes
   * nest; a kept buffer belongs to the scope around, or to the caller. If `body` throws, everything is released.
   */
  scope<Result>(body: (keep: <Kept extends DeviceBuffer>(buffer: Kept) => Kept) => Result): Result;
  /** Bytes in use and bytes taken from the system. */
  memoryUsage(): MemoryUsage;
  /** Stops the threads and frees all memory. Pending reads reject. Calling it twice is allowed. */
  dispose(): Promise<void>;
}

/**
 * What some blocks of a cache hold, in a layout that is the same for every backend; narrow element types widened, which is
 * exact, and the same again when it is written back.
 */
export interface CacheBlocks {
  readonly keys: Float32Array; // (blocks, 16, G, D)
  readonly values: Float32Array; // (blocks, 16, G, D)
}

/** A run of whole rows or whole columns of a weight matrix, as a file stores them (little-endian). */
export interface MatrixPart {
  /**
   * The bytes, or what fills `target` with those from byte `offset` of the part on. It is called for one piece after the
   * other, and for the next before it has filled the last.
   */
  readonly data: Uint8Array | ((target: Uint8Array, offset: number) => Promise<void>);
  readonly dtype: WeightDType;
  /**
   * `rows`: `data` holds rows `first … first + count − 1`, each of `columns` elements (PyTorch's `nn.Linear`).
   * `columns`: `data` holds columns `first … first + count − 1`, each of `rows` elements (GPT-2's `Conv1D`).
   */
  readonly order: 'rows' | 'columns';
  readonly first: number;
  readonly count: number;
}

/** A run of whole rows of a quantised matrix, in its scheme. */
export interface QuantizedPart extends QuantizedValues {
  /** The values are those of rows `first … first + count − 1`. */
  readonly first: number;
  readonly count: number;
}

/** What a backend holds, in bytes. */
export interface MemoryUsage {
  /** Bytes of live buffers, matrices and caches, alignment included. */
  readonly allocatedBytes: number;
  /** The most that `allocatedBytes` has been. */
  readonly peakBytes: number;
  /** Bytes the backend holds from the system, free or not. */
  readonly reservedBytes: number;
}
