import { CACHE_BLOCK_SIZE } from '../../backend/backend.ts';
import type { CacheDType } from '../../backend/dtype.ts';
import { CACHE_DTYPE_CODES, paddedHeadSize } from './cache-layout.ts';
import type { CommandRecorder } from './command-recorder.ts';
import { alignedBytes } from './heap.ts';
import { OP_ATTENTION } from './opcodes.ts';

/** Rows of a tile in assembly/attention.ts, and the bytes that it keeps of each. */
const TILE_ROWS = 4;
const ROW_BYTES = 32;
const MAX_WINDOW = 2 ** 30;

/** How far queries see. */
export interface Sight {
  readonly headSize: number;
  readonly maxKeyLength: number;
  readonly causal: boolean;
  readonly window?: number | undefined;
  /** Of the cache; float32 unless given. */
  readonly dtype?: CacheDType | undefined;
}

/** What both attention operations come down to. Arrays are addresses of int32. */
export interface AttentionCommand extends Sight {
  readonly output: number;
  readonly queries: number;
  /** Bytes from one query row to the next. */
  readonly queryStride: number;
  readonly cache: number;
  readonly numBlocks: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly scale: number;
  readonly numTokens: number;
  readonly numSequences: number;
  readonly queryStarts: number;
  readonly queryEnds: number;
  readonly keyLengths: number;
  /** Undefined: block i of the cache is block i. */
  readonly blockTables: number | undefined;
  /** Where the block table of each sequence begins; undefined: every `maxBlocks` entries. */
  readonly tableStarts: number | undefined;
  readonly maxBlocks: number;
  readonly mask: { readonly address: number; readonly width: number } | undefined;
  readonly positionBias: PositionBiasAddress | undefined;
}

/** A position bias in memory: `width` columns for each head. */
export interface PositionBiasAddress {
  readonly address: number;
  readonly width: number;
  readonly own: number;
}

/** Bytes of scratch memory that the command needs, for all threads. */
export function attentionScratchBytes(it: Sight, numThreads: number): number {
  return scratchOf(it).bytesPerThread * numThreads;
}

/** Records attention with so much scratch memory at `scratch`. */
export function recordAttention(recorder: CommandRecorder, it: AttentionCommand, scratch: number): void {
  const { bytesPerThread, rowBytes, maxSpanBlocks } = scratchOf(it);
  const window = it.window === undefined ? 0 : Math.min(it.window, MAX_WINDOW);
  const tiles = it.kvHeads * Math.ceil((it.numTokens * it.heads) / it.kvHeads / TILE_ROWS);
  const tileRows = tiles < recorder.numThreads ? 1 : TILE_ROWS;
  const { output, queries, cache, numBlocks, heads, kvHeads, headSize, numSequences } = it;
  const { queryStarts, queryEnds } = it;
  const at = recorder.record(
    OP_ATTENTION,
    output,
    queries,
    cache,
    numBlocks,
    heads,
    kvHeads,
    headSize,
    0,
    numSequences,
    queryStarts,
    queryEnds,
  );
  recorder.setReal(at, 8, it.scale);
  recorder.setInt(at, 12, it.keyLengths);
  recorder.setInt(at, 13, it.blockTables ?? 0);
  recorder.setInt(at, 14, it.tableStarts ?? 0);
  recorder.setInt(at, 15, it.maxBlocks);
  recorder.setInt(at, 16, it.causal ? 1 : 0);
  recorder.setInt(at, 17, window);
  recorder.setInt(at, 18, it.mask?.address ?? 0);
  recorder.setInt(at, 19, it.mask?.width ?? 0);
  recorder.setInt(at, 20, scratch);
  recorder.setInt(at, 21, bytesPerThread);
  recorder.setInt(at, 22, rowBytes);
  recorder.setInt(at, 23, maxSpanBlocks);
  recorder.setInt(at, 24, tileRows);
  recorder.setInt(at, 25, 0);
  recorder.setInt(at, 26, it.positionBias?.address ?? 0);
  recorder.setInt(at, 27, it.positionBias?.width ?? 0);
  recorder.setInt(at, 28, it.positionBias?.own ?? 0);
  recorder.setInt(at, 29, CACHE_DTYPE_CODES[it.dtype ?? 'float32']);
  recorder.setInt(at, 30, it.queryStride);
}

/** What one thread needs, in the order of `cutScratch` in assembly/attention.ts. */
function scratchOf(it: Sight) {
  const maxSpanBlocks = spanBlocks(it);
  const rowBytes = maxSpanBlocks * CACHE_BLOCK_SIZE * 4 + 64; // an odd number of lines: rows meet in different sets
  const rows = TILE_ROWS * ROW_BYTES;
  const queries = TILE_ROWS * it.headSize * 4;
  const sums = TILE_ROWS * paddedHeadSize(it.headSize) * 4;
  const scores = TILE_ROWS * rowBytes;
  const weights = TILE_ROWS * maxSpanBlocks * CACHE_BLOCK_SIZE * 4;
  const blocks = maxSpanBlocks * 4;
  const widened =
    (it.dtype ?? 'float32') === 'float32' ? 0 : 64 + 2 * CACHE_BLOCK_SIZE * paddedHeadSize(it.headSize) * 4;
  return {
    maxSpanBlocks,
    rowBytes,
    bytesPerThread: alignedBytes(rows + queries + sums + scores + weights + blocks + widened),
  };
}

/** The most blocks that hold the keys of one tile. */
function spanBlocks({ maxKeyLength, causal, window }: Sight): number {
  const all = Math.ceil(maxKeyLength / CACHE_BLOCK_SIZE);
  if (!causal || window === undefined) return Math.max(1, all);
  return Math.max(1, Math.min(all, Math.ceil((window + TILE_ROWS - 1) / CACHE_BLOCK_SIZE) + 1));
}
