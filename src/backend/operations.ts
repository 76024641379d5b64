import type { DeviceBuffer, DeviceCache, DeviceColumns, DeviceMatrix } from './device-handles.ts';

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
   * int32 (S): tokens of the sequence in the cache, those of this batch included. Where attention is causal, its last query
   * row is the last token.
   */
  readonly keyLengths: DeviceBuffer;
  /** int32 (S, maxBlocks): the cache block of tokens 16·i … 16·i + 15; entries past the sequence's end are ignored. */
  readonly blockTables: DeviceBuffer;
  /** int32 (T): the cache slot of each token of the batch. */
  readonly slots: DeviceBuffer;
}

/**
 * A bias of the scores by the place of a key relative to the query, one for each head (Raffel et al. 2020, section 2.1). Keys
 * further off than the first or the last column take that column.
 */
export interface PositionBias<Values = DeviceBuffer> {
  /** float32 (H, width), added to the scaled scores: a query that stands at key i sees key j with column `own` + j − i. */
  readonly values: Values;
  /** The column of the query's own place, 0 to width − 1. */
  readonly own: number;
}

/** What `linear` does with its products before it is done. */
export interface LinearEpilogue<Values = DeviceBuffer> {
  /** Of products and bias. */
  readonly activation?: Activation | undefined;
  /** float32 (T, weight.rows), added last: a residual. */
  readonly addend?: Values | undefined;
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

  /**
   * output (T, weight.rows) = activation(input (T, weight.columns) · weightᵀ + bias (weight.rows)) + addend. The bits are
   * those of `linear`, `activate` and `add` one after the other.
   *
   * Where the weight is quantised, the input is too, each row by itself, in blocks of 32 columns: with m the largest magnitude of a
   * block and L = 63 for weights of 8 bits, 127 for 4, its codes are round(x · (L / m)), to nearest even, and its scale is m / L, in
   * float32; a block whose m is less than 2⁻¹⁰⁰ is zeros. A block then adds Σ code · code, an exact integer, times the product of
   * both scales; with minima also Σ input code times the product of input scale and minimum. Blocks are added up from the first to
   * the last, every product and sum is rounded to float32, and then comes the bias. So the bits are the same on every machine.
   */
  linear(
    output: DeviceBuffer,
    input: DeviceBuffer,
    weight: DeviceMatrix,
    bias: DeviceBuffer | undefined,
    epilogue?: LinearEpilogue,
  ): void;
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
   * The largest element of each row of `columns` and its index, the lowest of equals: indices int32 (T), values (T). NaN
   * counts as larger than any number.
   */
  argmax(indices: DeviceBuffer, values: DeviceBuffer, input: DeviceBuffer, columns: number): void;
  /**
   * The `count` largest elements of each row of `columns` and their indices, the largest first, of equals the lower index first:
   * indices int32 (T, count), values (T, count). NaN counts as larger than any number. Made for counts that are small beside
   * `columns`.
   */
  topK(indices: DeviceBuffer, values: DeviceBuffer, input: DeviceBuffer, shape: TopKShape): void;
  /**
   * output (T): log Σ exp(x) over each row of `columns`. −∞ for a row of −∞ alone, NaN for one with NaN, +∞ for any other with +∞.
   */
  logSumExp(output: DeviceBuffer, input: DeviceBuffer, columns: number): void;
  /**
   * Draws from each row of `columns` weights, none below 0, at uniforms[t] (0 to 1): the first index at which the sum of the
   * weights so far is above uniforms[t] times the sum of all, the last index if none is, and the weight there: indices int32
   * (T), values (T). Weights below `minP` (float32, 0 to 1) times the row's largest count as 0. The sums run in order, in
   * float64. A row with NaN gives any index in range, and a row of zeros the last.
   */
  draw(
    indices: DeviceBuffer,
    values: DeviceBuffer,
    weights: DeviceBuffer,
    uniforms: DeviceBuffer,
    shape: { readonly columns: number; readonly minP: number },
  ): void;

  /**
   * Scaled dot-product attention (Vaswani et al. 2017) over keys and values given densely.
   * output, queries (Tq, H, D); keys, values (Tk, G, D); head h reads key head ⌊h·G/H⌋.
   * Query row i of a span sees its key j only if: j ≤ i + keyLength − queryLength when `causal`;
   * j > i + keyLength − queryLength − window when `window` is given; and score + mask + bias is not −∞. Its own place among
   * the keys, for causality, window and position bias, is i + keyLength − queryLength.
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
  storeKeysValues(
    cache: DeviceCache,
    keys: DeviceBuffer | DeviceColumns,
    values: DeviceBuffer | DeviceColumns,
    batch: PagedBatch,
  ): void;
  /**
   * Attention of queries (T, H, D) over the cached keys and values of their own sequences, output (T, H, D): causal unless
   * the options say otherwise. The same numbers, bit for bit, as `attention` over the same keys and values.
   */
  pagedAttention(
    output: DeviceBuffer,
    queries: DeviceBuffer | DeviceColumns,
    cache: DeviceCache,
    batch: PagedBatch,
    options: PagedAttentionOptions,
  ): void;
  /** Copies whole cache blocks: block `to` becomes block `from`, pair after pair. */
  copyBlocks(cache: DeviceCache, pairs: readonly { readonly from: number; readonly to: number }[]): void;
}

/** How `topK` reads and writes rows. */
export interface TopKShape {
  readonly columns: number;
  /** 1 to columns. */
  readonly count: number;
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
  /**
   * True unless given. False: every query sees all keys of its sequence, of which there may be any number, as in
   * cross-attention.
   */
  readonly causal?: boolean | undefined;
  readonly positionBias?: PositionBias | undefined;
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
  readonly positionBias?: PositionBias | undefined;
}
