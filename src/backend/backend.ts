import type { WeightDType } from './dtype.ts';

/**
 * The contract between Kvasir and a device: some twenty operations at the grain of a Transformer, and the memory they
 * work on. Every operation is required of every backend.
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
export interface Backend extends Operations {
  /** What the device is called at the edges: `wasm`, `reference`. */
  readonly name: string;
  /** Threads that compute; the numbers do not depend on it. */
  readonly numThreads: number;

  /**
   * A dense buffer of `length` elements whose contents are undefined. Throws a `RangeError` when memory is exhausted.
   */
  allocate(dtype: 'float32' | 'int32', length: number): DeviceBuffer;
  /** A weight matrix of zeros, `rows` outputs by `columns` inputs, in the backend's own layout. */
  allocateMatrix(dtype: WeightDType, rows: number, columns: number): DeviceMatrix;
  /** The paged cache of one attention layer, all zeros. */
  allocateCache(shape: CacheShape): DeviceCache;
  /** Copies `data` to the elements from `offset` on. */
  write(buffer: DeviceBuffer, data: Float32Array | Int32Array, offset?: number): void;
  /** Copies a part of a weight matrix from a file's bytes, converting to the matrix's dtype (round to nearest even). */
  writeMatrix(matrix: DeviceMatrix, part: MatrixPart): Promise<void>;
  /**
   * The elements of a dense buffer as everything recorded before the call leaves them; what is recorded afterwards, or
   * a release of the buffer, does not change them. They come in `target` (of the same dtype and length) if it is given,
   * else in a new array of the caller's own.
   */
  read(buffer: DeviceBuffer): Promise<Float32Array | Int32Array>;
  read<Target extends Float32Array | Int32Array>(buffer: DeviceBuffer, target: Target): Promise<Target>;
  /** The values of a weight matrix, row-major (rows × columns), widened to float32. */
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

/** A row of numbers on a device. Only the backend that made it may look inside. */
export interface DeviceBuffer {
  readonly kind: 'buffer';
  readonly dtype: 'float32' | 'int32';
  readonly length: number;
}

/** A weight matrix on a device, `rows` outputs by `columns` inputs, in the backend's own layout. */
export interface DeviceMatrix {
  readonly kind: 'matrix';
  readonly dtype: WeightDType;
  readonly rows: number;
  readonly columns: number;
  /** Bytes it takes in the device's memory, padding included. */
  readonly byteLength: number;
}

/** The paged keys and values of one attention layer. */
export interface DeviceCache extends CacheShape {
  readonly kind: 'cache';
  readonly byteLength: number;
}

/**
 * The size of one attention layer's cache: keys and values of `numBlocks` · 16 tokens, each `kvHeads` · `headSize`
 * numbers.
 */
export interface CacheShape {
  /** Blocks of `CACHE_BLOCK_SIZE` tokens. */
  readonly numBlocks: number;
  readonly kvHeads: number;
  readonly headSize: number;
}

/** Tokens in one block of the paged key/value cache. Slot `s` is token `s % 16` of block `s / 16`. */
export const CACHE_BLOCK_SIZE = 16;

/** What some blocks of a cache hold, in a layout that is the same for every backend. */
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

/** What a backend holds, in bytes. */
export interface MemoryUsage {
  /** Bytes of live buffers, matrices and caches, alignment included. */
  readonly allocatedBytes: number;
  /** The most that `allocatedBytes` has been. */
  readonly peakBytes: number;
  /** Bytes the backend holds from the system, free or not. */
  readonly reservedBytes: number;
}

/**
 * Nonlinearities. `gelu` is x·Φ(x) with the error function; `gelu_tanh` its tanh approximation (GPT-2's `gelu_new`);
 * `silu` is x·σ(x); `quick_gelu` is x·σ(1.702x).
 */
export type Activation = 'relu' | 'gelu' | 'gelu_tanh' | 'silu' | 'quick_gelu' | 'tanh' | 'sigmoid';

export const ACTIVATIONS = [
  'relu',
  'gelu',
  'gelu_tanh',
  'silu',
  'quick_gelu',
  'tanh',
  'sigmoid',
] as const satisfies readonly Activation[];

/**
 * Rows of a ragged batch: sequence `s` has query rows `queryStart … queryStart + queryLength − 1`, and so for the keys.
 */
export interface AttentionSpan {
  readonly queryStart: number;
  readonly queryLength: number;
  readonly keyStart: number;
  readonly keyLength: number;
}

/** Where each sequence of a ragged batch stands in the paged cache; made once per step and used by every layer. */
export interface PagedBatch {
  readonly numTokens: number;
  readonly numSequences: number;
  /** Width of `blockTables`. */
  readonly maxBlocks: number;
  /** int32 (S + 1): sequence `s` has the query rows `queryStarts[s] … queryStarts[s + 1] − 1`. */
  readonly queryStarts: DeviceBuffer;
  /**
   * int32 (S): tokens of the sequence in the cache, those of this batch included. Its last query row is the last token.
   */
  readonly keyLengths: DeviceBuffer;
  /** int32 (S, maxBlocks): the cache block of tokens 16·i … 16·i + 15; entries past the sequence's end are ignored. */
  readonly blockTables: DeviceBuffer;
  /** int32 (T): the cache slot of each token of the batch. */
  readonly slots: DeviceBuffer;
}

/** The operations. Outputs come first and never overlap an input unless the comment allows it. */
export interface Operations {
  /** output = input. Any dtype, same length. */
  copy(output: DeviceBuffer, input: DeviceBuffer): void;
  /** Every element of output = value. */
  fill(output: DeviceBuffer, value: number): void;
  /** output[i] = a[i] + b[i mod b.length]; b.length divides a.length. Output may be a. */
  add(output: DeviceBuffer, a: DeviceBuffer, b: DeviceBuffer): void;
  /** output[i] = a[i] · b[i mod b.length]; b.length divides a.length. Output may be a. */
  multiply(output: DeviceBuffer, a: DeviceBuffer, b: DeviceBuffer): void;
  /** output[i] = input[i] · factor. Output may be input. */
  scale(output: DeviceBuffer, input: DeviceBuffer, factor: number): void;
  /** output[i] = activation(input[i]). Output may be input. */
  activate(output: DeviceBuffer, input: DeviceBuffer, activation: Activation): void;
  /**
   * output[i] = activation(gate[i]) · up[i]: the gated unit of SwiGLU and GeGLU (Shazeer 2020). Output may be gate or
   * up.
   */
  gate(output: DeviceBuffer, gate: DeviceBuffer, up: DeviceBuffer, activation: Activation): void;

  /** output (T, weight.rows) = input (T, weight.columns) · weightᵀ + bias (weight.rows). */
  linear(output: DeviceBuffer, input: DeviceBuffer, weight: DeviceMatrix, bias: DeviceBuffer | undefined): void;
  /** output (T, table.columns): row t is row ids[t] of the table. Ids are int32 and in range (the caller checks). */
  embed(output: DeviceBuffer, table: DeviceMatrix, ids: DeviceBuffer): void;

  /**
   * output (T, C): (x − mean) / √(variance + epsilon) · weight + bias over the last dimension, C = weight.length
   * (Ba et al. 2016; biased variance). Output may be input.
   */
  layerNorm(
    output: DeviceBuffer,
    input: DeviceBuffer,
    weight: DeviceBuffer,
    bias: DeviceBuffer | undefined,
    epsilon: number,
  ): void;
  /**
   * output (T, C): x / √(mean(x²) + epsilon) · weight over the last dimension, C = weight.length. Output may be input.
   */
  rmsNorm(output: DeviceBuffer, input: DeviceBuffer, weight: DeviceBuffer, epsilon: number): void;

  /**
   * Rotary position embedding (Su et al. 2021) of input (T, heads, headSize) by angles given as cosines and sines
   * (T, rotarySize / 2). Pair i of a head is elements (i, i + rotarySize / 2), or (2i, 2i + 1) when `interleaved`;
   * elements from rotarySize on are copied. Output may be input.
   */
  rotate(
    output: DeviceBuffer,
    input: DeviceBuffer,
    cosines: DeviceBuffer,
    sines: DeviceBuffer,
    shape: RotaryShape,
  ): void;

  /** output (T, width) = columns start … start + width − 1 of input (T, columns). */
  sliceColumns(
    output: DeviceBuffer,
    input: DeviceBuffer,
    shape: { readonly columns: number; readonly start: number; readonly width: number },
  ): void;
  /** output (n, columns): row i is row indices[i] of input; indices are int32 (n) and in range (the caller checks). */
  gatherRows(output: DeviceBuffer, input: DeviceBuffer, indices: DeviceBuffer, columns: number): void;

  /** Softmax over rows of `columns`; a row of −∞ alone gives zeros. Output may be input. */
  softmax(output: DeviceBuffer, input: DeviceBuffer, columns: number): void;
  /** Logarithm of the softmax over rows of `columns`. Output may be input. */
  logSoftmax(output: DeviceBuffer, input: DeviceBuffer, columns: number): void;
  /** output (T): the log-softmax of row t of logits (T, V) at ids[t] (int32, in range). */
  tokenLogProbs(output: DeviceBuffer, logits: DeviceBuffer, ids: DeviceBuffer, columns: number): void;
  /**
   * output int32 (T): the index of the largest element of each row of `columns`; the lowest index of equals. No NaN.
   */
  argmax(output: DeviceBuffer, input: DeviceBuffer, columns: number): void;

  /**
   * Scaled dot-product attention (Vaswani et al. 2017) over keys and values given densely.
   * output, queries (Tq, H, D); keys, values (Tk, G, D); head h reads key head ⌊h·G/H⌋.
   * Query row i of a span sees its key j only if: j ≤ i + keyLength − queryLength when `causal`;
   * j > i + keyLength − queryLength − window when `window` is given; and mask + score is not −∞.
   * A query that may see no key gives zeros.
   */
  attention(
    output: DeviceBuffer,
    queries: DeviceBuffer,
    keys: DeviceBuffer,
    values: DeviceBuffer,
    options: AttentionOptions,
  ): void;

  /** Writes keys and values (T, G, D) to the batch's cache slots. */
  storeKeysValues(cache: DeviceCache, keys: DeviceBuffer, values: DeviceBuffer, batch: PagedBatch): void;
  /**
   * Causal attention of queries (T, H, D) over the cached keys and values of their own sequences, output (T, H, D).
   * The same numbers, bit for bit, as `attention` with `causal` over the same keys and values.
   */
  pagedAttention(
    output: DeviceBuffer,
    queries: DeviceBuffer,
    cache: DeviceCache,
    batch: PagedBatch,
    options: PagedAttentionOptions,
  ): void;
  /** Copies whole cache blocks: block `to` becomes block `from`, pair after pair. */
  copyBlocks(cache: DeviceCache, pairs: readonly { readonly from: number; readonly to: number }[]): void;
}

/** How `rotate` reads a row: `heads` heads of `headSize` elements, of which the first `rotarySize` turn in pairs. */
export interface RotaryShape {
  readonly heads: number;
  readonly headSize: number;
  /** Even, at most headSize. */
  readonly rotarySize: number;
  readonly interleaved: boolean;
}

/** Settings of `pagedAttention`; the cache knows its own key/value heads and head size. */
export interface PagedAttentionOptions {
  readonly heads: number;
  /** Factor of the scores: 1/√D unless the model says otherwise. */
  readonly scale: number;
  /** Sliding window: a query sees itself and the `window − 1` tokens before it. */
  readonly window?: number | undefined;
  /** Upper bound of every key length of the batch; it sizes the scratch memory. */
  readonly maxKeyLength: number;
}

/** Settings of `attention`: H = `heads`, G = `kvHeads`, which divides H, D = `headSize`. */
export interface AttentionOptions {
  /** One for each sequence; queries see keys of their own span only. */
  readonly spans: readonly AttentionSpan[];
  readonly heads: number;
  readonly kvHeads: number;
  readonly headSize: number;
  /** Factor of the scores: 1/√D unless the model says otherwise. */
  readonly scale: number;
  /** A query sees keys up to its own place; the last query stands at the last key. */
  readonly causal: boolean;
  /** Sliding window: a query does not see keys that lie `window` or more before its own place. */
  readonly window?: number | undefined;
  /** float32 (Tq, maskWidth), added to the scaled scores; column j is key j of the row's span. */
  readonly mask?: { readonly values: DeviceBuffer; readonly width: number } | undefined;
}
