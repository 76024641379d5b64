import { CACHE_BLOCK_SIZE, type DeviceCache, type PagedBatch } from '../backend.ts';
import type { CacheDType } from '../dtype.ts';
import { putBias, type TestBias } from './attention-biases.ts';
import type { HeadSizes } from './attention-heads.ts';
import { concatenate, randomFloats, randomPermutation } from './numbers.ts';
import type { Workbench } from './workbench.ts';

/** One sequence of the paged cases: all its queries, keys and values, and where it lives in the cache. */
export interface PagedSequence {
  readonly numTokens: number;
  readonly blockTable: readonly number[];
  readonly queries: Float32Array; // (numTokens, H, D)
  readonly keys: Float32Array; // (numTokens, G, D)
  readonly values: Float32Array; // (numTokens, G, D)
}

/** A step over some sequences: how many of each one's tokens are already in the cache, and how many this step adds. */
export interface PagedStep {
  readonly sequence: PagedSequence;
  readonly numComputed: number;
  readonly numNew: number;
}

export interface PagedOptions extends HeadSizes {
  /** Of the cache. */
  readonly dtype?: CacheDType | undefined;
  readonly window?: number | undefined;
  readonly positionBias?: TestBias | undefined;
  /** How much larger `maxKeyLength` is than the longest sequence of the step. */
  readonly slack?: number;
}

/** Blocks of the cache of every paged case; sequences use some of them, in a random order. */
export const NUM_BLOCKS = 64;

/** Sequences of these lengths, each with random numbers of its own and with blocks all over the cache. */
export function pagedSequences(lengths: readonly number[], { heads, kvHeads, headSize }: HeadSizes): PagedSequence[] {
  const freeBlocks = randomPermutation(90, NUM_BLOCKS);
  return lengths.map((numTokens, s) => ({
    numTokens,
    blockTable: freeBlocks.splice(0, Math.ceil(numTokens / CACHE_BLOCK_SIZE)),
    queries: randomFloats(100 + 3 * s, numTokens * heads * headSize, 2),
    keys: randomFloats(101 + 3 * s, numTokens * kvHeads * headSize, 2),
    values: randomFloats(102 + 3 * s, numTokens * kvHeads * headSize, 2),
  }));
}

/** A cache whose every slot holds NaN, as if left behind by another sequence. */
export function staleCache(
  bench: Workbench,
  { kvHeads, headSize, dtype }: HeadSizes & Pick<PagedOptions, 'dtype'>,
): DeviceCache {
  const cache = bench.cache({ numBlocks: NUM_BLOCKS, kvHeads, headSize, dtype });
  const numTokens = NUM_BLOCKS * CACHE_BLOCK_SIZE;
  const slots = Int32Array.from({ length: numTokens }, (_, slot) => slot);
  const stale = bench.output(numTokens * kvHeads * headSize);
  const nothing = bench.put(Int32Array.of());
  const batch = { queryStarts: nothing, keyLengths: nothing, blockTables: nothing, slots: bench.put(slots) };
  bench.backend.storeKeysValues(cache, stale, stale, { numTokens, numSequences: 0, maxBlocks: 0, ...batch });
  return cache;
}

/** The metadata of a step. Block tables are one entry wider than needed, and what is past a sequence's end is nonsense. */
function pagedBatch(bench: Workbench, steps: readonly PagedStep[]): PagedBatch {
  const maxBlocks = Math.max(0, ...steps.map(({ sequence }) => sequence.blockTable.length)) + 1;
  const blockTables = new Int32Array(steps.length * maxBlocks).fill(0x7ffffff);
  const queryStarts = [0];
  const slots: number[] = [];
  for (const [s, { sequence, numComputed, numNew }] of steps.entries()) {
    const numBlocks = Math.ceil((numComputed + numNew) / CACHE_BLOCK_SIZE);
    blockTables.set(sequence.blockTable.slice(0, numBlocks), s * maxBlocks);
    queryStarts.push(queryStarts[s]! + numNew);
    for (let token = numComputed; token < numComputed + numNew; token++) slots.push(slotOf(sequence, token));
  }
  return {
    numTokens: slots.length,
    numSequences: steps.length,
    maxBlocks,
    queryStarts: bench.put(Int32Array.from(queryStarts)),
    keyLengths: bench.put(Int32Array.from(steps, ({ numComputed, numNew }) => numComputed + numNew)),
    blockTables: bench.put(blockTables),
    slots: bench.put(Int32Array.from(slots)),
  };
}

/** Stores the keys and values of the step's new tokens. */
export function storeStep(bench: Workbench, cache: DeviceCache, steps: readonly PagedStep[]): void {
  const keys = bench.put(newRows(steps, (sequence) => sequence.keys));
  const values = bench.put(newRows(steps, (sequence) => sequence.values));
  bench.backend.storeKeysValues(cache, keys, values, pagedBatch(bench, steps));
}

/** Attends with the queries of the step's new tokens; returns (T, H, D). */
export async function attendStep(
  bench: Workbench,
  cache: DeviceCache,
  steps: readonly PagedStep[],
  { heads, headSize, window, positionBias: bias, slack = 0 }: PagedOptions,
): Promise<Float32Array> {
  const queries = bench.put(newRows(steps, (sequence) => sequence.queries));
  const longest = Math.max(0, ...steps.map(({ numComputed, numNew }) => numComputed + numNew));
  const positionBias = putBias(bench, bias, heads);
  const options = { heads, scale: headSize ** -0.5, window, maxKeyLength: longest + slack, positionBias };
  const batch = pagedBatch(bench, steps);
  const output = await bench.result(queries.length, (buffer) =>
    bench.backend.pagedAttention(buffer, queries, cache, batch, options),
  );
  return Float32Array.from(output);
}

/** The same as `runStep`, of queries, keys and values that are columns of one buffer, with others between them. */
export async function runStepInColumns(
  bench: Workbench,
  cache: DeviceCache,
  steps: readonly PagedStep[],
  { heads, kvHeads, headSize }: PagedOptions,
): Promise<Float32Array> {
  const [queryWidth, kvWidth] = [heads * headSize, kvHeads * headSize];
  const [keyStart, valueStart, queryStart] = [1, kvWidth + 3, 2 * kvWidth + 3];
  const columns = queryStart + queryWidth + 2;
  const batch = pagedBatch(bench, steps);
  const rows = new Float32Array(batch.numTokens * columns).fill(Number.NaN);
  const place = (start: number, width: number, from: Float32Array) => {
    for (let t = 0; t < batch.numTokens; t++) rows.set(from.subarray(t * width, (t + 1) * width), t * columns + start);
  };
  place(
    keyStart,
    kvWidth,
    newRows(steps, (sequence) => sequence.keys),
  );
  place(
    valueStart,
    kvWidth,
    newRows(steps, (sequence) => sequence.values),
  );
  place(
    queryStart,
    queryWidth,
    newRows(steps, (sequence) => sequence.queries),
  );
  const buffer = bench.put(rows);
  const at = (start: number) => ({ buffer, columns, start });
  bench.backend.storeKeysValues(cache, at(keyStart), at(valueStart), batch);
  const maxKeyLength = Math.max(0, ...steps.map(({ numComputed, numNew }) => numComputed + numNew));
  const options = { heads, scale: headSize ** -0.5, maxKeyLength };
  const output = await bench.result(batch.numTokens * queryWidth, (to) =>
    bench.backend.pagedAttention(to, at(queryStart), cache, batch, options),
  );
  return Float32Array.from(output);
}

/** Stores the keys and values of the step's new tokens and attends with their queries, as a model does. */
export function runStep(
  bench: Workbench,
  cache: DeviceCache,
  steps: readonly PagedStep[],
  options: PagedOptions,
): Promise<Float32Array> {
  storeStep(bench, cache, steps);
  return attendStep(bench, cache, steps, options);
}

/** A sequence by itself in a stale cache, taken in chunks of the given sizes over and over; returns (numTokens, H, D). */
export async function runInChunks(
  bench: Workbench,
  sequence: PagedSequence,
  chunks: readonly number[],
  options: PagedOptions,
): Promise<Float32Array> {
  const cache = staleCache(bench, options);
  const outputs: Float32Array[] = [];
  let numComputed = 0;
  for (let i = 0; numComputed < sequence.numTokens; i++) {
    const numNew = Math.min(chunks[i % chunks.length]!, sequence.numTokens - numComputed);
    outputs.push(await runStep(bench, cache, [{ sequence, numComputed, numNew }], options));
    numComputed += numNew;
  }
  return concatenate(outputs);
}

/** The rows of the new tokens of each sequence, one sequence after the other. */
function newRows(steps: readonly PagedStep[], rowsOf: (sequence: PagedSequence) => Float32Array): Float32Array {
  const parts = steps.map(({ sequence, numComputed, numNew }) => {
    const rows = rowsOf(sequence);
    const width = rows.length / Math.max(1, sequence.numTokens);
    return rows.subarray(numComputed * width, (numComputed + numNew) * width);
  });
  return concatenate(parts);
}

function slotOf({ blockTable }: PagedSequence, token: number): number {
  return blockTable[Math.floor(token / CACHE_BLOCK_SIZE)]! * CACHE_BLOCK_SIZE + (token % CACHE_BLOCK_SIZE);
}
