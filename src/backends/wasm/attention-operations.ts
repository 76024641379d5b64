import {
  type AttentionOptions,
  type AttentionSpan,
  CACHE_BLOCK_SIZE,
  type Operations,
  type PositionBias,
} from '../../backend/backend.ts';
import { attentionScratchBytes, type PositionBiasAddress, recordAttention } from './attention-command.ts';
import { CACHE_DTYPE_CODES, cacheByteLength } from './cache-layout.ts';
import type { CommandRecorder } from './command-recorder.ts';
import type { WasmBuffer } from './handles.ts';
import { alignedBytes } from './heap.ts';
import { OP_COPY_BLOCKS, OP_STORE_KEYS_VALUES } from './opcodes.ts';
import { checkDistinct, checkPositive, fail, numRows, type Operands } from './operands.ts';

type AttentionOperations = Pick<Operations, 'attention' | 'storeKeysValues' | 'pagedAttention' | 'copyBlocks'>;

/** The operations of attention: checks the operands, then records the command. */
export function attentionOperations(recorder: CommandRecorder, operands: Operands): AttentionOperations {
  return {
    attention(output, queries, keys, values, options) {
      const op = 'run attention';
      const from = operands.floats(op, 'queries', queries);
      const to = operands.floats(op, 'output', output, from.length);
      const k = operands.floats(op, 'keys', keys);
      const v = operands.floats(op, 'values', values, k.length);
      checkDistinct(op, to, from);
      checkDistinct(op, to, k, v);
      const { heads, kvHeads, headSize } = options;
      const numQueries = numRows(op, 'queries', from, heads * headSize);
      checkSpans(op, options, numQueries, numRows(op, 'keys', k, kvHeads * headSize));
      const mask = options.mask && {
        address: operands.floats(op, 'mask', options.mask.values, numQueries * options.mask.width).address,
        width: options.mask.width,
      };
      const positionBias = positionBiasOf(op, operands, [to], options);
      if (numQueries === 0) return;
      attendDensely(recorder, operands, { output: to, queries: from, keys: k, values: v, mask, positionBias }, options);
    },

    storeKeysValues(cache, keys, values, { numTokens, slots }) {
      const op = 'run storeKeysValues';
      const into = operands.memory.cache(op, cache);
      const { numBlocks, kvHeads, headSize, dtype } = into;
      const k = operands.rows(op, 'keys', keys, numTokens, kvHeads * headSize);
      const v = operands.rows(op, 'values', values, numTokens, kvHeads * headSize);
      if (v.stride !== k.stride)
        fail(op, `values are ${v.stride / 4} columns apart, wanted ${k.stride / 4} as the keys`);
      const at = operands.ints(op, 'slots', slots, numTokens).address;
      if (numTokens === 0) return;
      const sizes = [numTokens, numBlocks, kvHeads, headSize, CACHE_DTYPE_CODES[dtype]] as const;
      recorder.record(OP_STORE_KEYS_VALUES, into.address, k.address, v.address, at, 0, ...sizes, k.stride);
    },

    pagedAttention(output, queries, cache, batch, options) {
      const op = 'run pagedAttention';
      const { heads, scale, window, causal = true, maxKeyLength } = options;
      const from = operands.memory.cache(op, cache);
      const { numBlocks, kvHeads, headSize, dtype } = from;
      checkHeads(op, heads, kvHeads, window);
      const { numTokens, numSequences, maxBlocks } = batch;
      const q = operands.rows(op, 'queries', queries, numTokens, heads * headSize);
      const to = operands.floats(op, 'output', output, numTokens * heads * headSize);
      checkDistinct(op, to, q.buffer);
      const queryStarts = operands.ints(op, 'queryStarts', batch.queryStarts, numSequences + 1).address;
      const keyLengths = operands.ints(op, 'keyLengths', batch.keyLengths, numSequences).address;
      const blockTables = operands.ints(op, 'blockTables', batch.blockTables, numSequences * maxBlocks).address;
      const positionBias = positionBiasOf(op, operands, [to], options);
      if (numTokens === 0) return;
      const command = {
        output: to.address,
        queries: q.address,
        queryStride: q.stride,
        cache: from.address,
        numBlocks,
        heads,
        kvHeads,
        headSize,
        scale,
        numTokens,
        numSequences,
        queryStarts,
        queryEnds: queryStarts + 4,
        keyLengths,
        maxKeyLength,
        blockTables,
        tableStarts: undefined,
        maxBlocks,
        causal,
        window,
        mask: undefined,
        positionBias,
        dtype,
      };
      const scratchBytes = attentionScratchBytes(command, recorder.numThreads);
      recordAttention(recorder, command, operands.memory.scratch(scratchBytes));
    },

    copyBlocks(cache, pairs) {
      const op = 'run copyBlocks';
      const { address, numBlocks, kvHeads, headSize, dtype } = operands.memory.cache(op, cache);
      const words = new Int32Array(pairs.length * 2);
      for (const [i, { from, to }] of pairs.entries()) {
        for (const block of [from, to]) {
          if (!Number.isInteger(block) || block < 0 || block >= numBlocks) {
            fail(op, `block ${block}, but the cache has ${numBlocks}`);
          }
        }
        words.set([from, to], 2 * i);
      }
      if (pairs.length === 0) return;
      const staged = recorder.stage(words);
      const sizes = [pairs.length, numBlocks, kvHeads, headSize] as const;
      recorder.record(OP_COPY_BLOCKS, address, staged, ...sizes, CACHE_DTYPE_CODES[dtype]);
    },
  };
}

interface DenseOperands {
  readonly output: WasmBuffer;
  readonly queries: WasmBuffer;
  readonly keys: WasmBuffer;
  readonly values: WasmBuffer;
  readonly mask: { readonly address: number; readonly width: number } | undefined;
  readonly positionBias: PositionBiasAddress | undefined;
}

/** Puts the keys and values of each span into a cache in scratch memory, and attends over that. */
function attendDensely(
  recorder: CommandRecorder,
  { memory }: Operands,
  { output, queries, keys, values, mask, positionBias }: DenseOperands,
  { spans, heads, kvHeads, headSize, scale, causal, window }: AttentionOptions,
): void {
  const numSequences = spans.length;
  const { numBlocks, firstBlocks } = placeSpans(spans);
  const sight = { headSize, maxKeyLength: longestKeys(spans), causal, window };
  const cacheBytes = alignedBytes(cacheByteLength({ numBlocks, kvHeads, headSize }));
  const cache = memory.scratch(cacheBytes + attentionScratchBytes(sight, recorder.numThreads));
  for (const [i, { keyStart, keyLength }] of spans.entries()) {
    if (keyLength === 0) continue;
    const offset = keyStart * kvHeads * headSize * 4;
    const [k, v] = [keys.address + offset, values.address + offset];
    const firstSlot = firstBlocks[i]! * CACHE_BLOCK_SIZE;
    const sizes = [keyLength, numBlocks, kvHeads, headSize, CACHE_DTYPE_CODES.float32] as const;
    recorder.record(OP_STORE_KEYS_VALUES, cache, k, v, 0, firstSlot, ...sizes, kvHeads * headSize * 4);
  }
  const table = recorder.stage(spanTable(spans, firstBlocks));
  const column = (i: number) => table + i * numSequences * 4;
  const command = {
    ...{ output: output.address, queries: queries.address, cache, numBlocks, heads, kvHeads, scale, mask },
    ...{ numTokens: spans.reduce((sum, it) => sum + it.queryLength, 0), numSequences, maxBlocks: 0 },
    ...{ queryStarts: column(0), queryEnds: column(1), keyLengths: column(2), tableStarts: column(3) },
    ...{ blockTables: undefined, positionBias, queryStride: heads * headSize * 4, ...sight },
  };
  recordAttention(recorder, command, cache + cacheBytes);
}

/** Scratch bytes of dense attention: the cache of its spans, and what the kernel needs. */
export function denseScratchBytes(options: AttentionOptions, numThreads: number): number {
  const { spans, kvHeads, headSize } = options;
  const { numBlocks } = placeSpans(spans);
  const sight = { ...options, maxKeyLength: longestKeys(spans) };
  const cacheBytes = alignedBytes(cacheByteLength({ numBlocks, kvHeads, headSize }));
  return cacheBytes + attentionScratchBytes(sight, numThreads);
}

function longestKeys(spans: readonly AttentionSpan[]): number {
  return spans.reduce((most, { keyLength }) => Math.max(most, keyLength), 0);
}

function placeSpans(spans: readonly AttentionSpan[]): { numBlocks: number; firstBlocks: readonly number[] } {
  let numBlocks = 0;
  const firstBlocks = spans.map(({ keyLength }) => {
    const first = numBlocks;
    numBlocks += Math.ceil(keyLength / CACHE_BLOCK_SIZE);
    return first;
  });
  return { numBlocks, firstBlocks };
}

/** int32 (4, S): where the queries of each span begin and end, its keys, and its first block. */
function spanTable(spans: readonly AttentionSpan[], firstBlocks: readonly number[]): Int32Array {
  return Int32Array.from([
    ...spans.map((it) => it.queryStart),
    ...spans.map((it) => it.queryStart + it.queryLength),
    ...spans.map((it) => it.keyLength),
    ...firstBlocks,
  ]);
}

function checkHeads(op: string, heads: number, kvHeads: number, window: number | undefined): void {
  checkPositive(op, 'heads', heads);
  checkPositive(op, 'kvHeads', kvHeads);
  if (heads % kvHeads !== 0) fail(op, `${heads} heads, wanted a multiple of the ${kvHeads} key/value heads`);
  if (window !== undefined) checkPositive(op, 'window', window);
}

/** The position bias of attention, if it has one; it may be none of the outputs. */
export function positionBiasOf(
  op: string,
  operands: Operands,
  outputs: readonly WasmBuffer[],
  { heads, positionBias }: { readonly heads: number; readonly positionBias?: PositionBias | undefined },
): PositionBiasAddress | undefined {
  if (positionBias === undefined) return undefined;
  const { own } = positionBias;
  const values = operands.floats(op, 'positionBias', positionBias.values);
  for (const output of outputs) checkDistinct(op, output, values);
  const width = values.length / heads;
  if (!Number.isInteger(width)) fail(op, `positionBias has ${values.length} elements, wanted rows for ${heads} heads`);
  if (!(Number.isInteger(own) && own >= 0 && own < width))
    fail(op, `the own column of positionBias is ${own}, wanted 0 to ${width - 1}`);
  return { address: values.address, width, own };
}

/** Checks heads, window and the places of the spans of dense attention. */
export function checkSpans(op: string, options: AttentionOptions, numQueries: number, numKeys: number): void {
  const { spans, heads, kvHeads, window, mask } = options;
  checkHeads(op, heads, kvHeads, window);
  for (const span of spans) {
    const { queryStart, queryLength, keyStart, keyLength } = span;
    const isInside = queryStart >= 0 && queryStart + queryLength <= numQueries;
    if (!isInside || keyStart < 0 || keyStart + keyLength > numKeys) {
      fail(op, `span ${JSON.stringify(span)} of ${numQueries} queries and ${numKeys} keys`);
    }
    if (mask !== undefined && mask.width < keyLength) {
      fail(op, `mask of width ${mask.width}, wanted at least the ${keyLength} keys of a span`);
    }
  }
}
