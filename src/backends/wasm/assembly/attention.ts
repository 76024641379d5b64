// Scaled dot-product attention over a paged cache, for one token or many, causal or not. The unit of work is a tile: up to
// four query rows that read the same keys, that is, consecutive tokens, the query heads of one key/value head, or both.
//
// The arithmetic of a row is the same in a tile of any height, in any chunk of a prompt and next to any other sequence:
// each score is one chain over d (attention-scores.ts), the sum of weights runs in an order of key positions
// (attention-weights.ts), each output is one chain over the keys in sight (attention-values.ts), and is multiplied by
// 1 / sum at the end.

import { scoreRow, scoreTile } from './attention-scores';
import { accumulateRow, accumulateTile } from './attention-values';
import { addMask, addPositionBias, transposeWeights, weigh } from './attention-weights';
import {
  BLOCK, elementShift, keysAddress, paddedHeadSize, scalesAddress, scalesBytes, valuesAddress,
} from './cache-layout';
import { widenKeys, widenValues } from './cache-widen';
import { storeLanes } from './lanes';
import { FLOAT32 } from './linear-layout';
import { take } from './sync';

/** Rows of a tile. */
const HEIGHT: i32 = 4;

/** The command as the host records it (../attention-command.ts). */
// @ts-ignore: decorator
@unmanaged
export class AttentionCommand {
  opcode: i32;
  output: usize;
  queries: usize;
  cache: usize;
  numBlocks: i32;
  heads: i32;
  kvHeads: i32;
  headSize: i32;
  scale: f32;
  numSequences: i32;
  /** int32 per sequence: its first query row, and the one after its last. */
  queryStarts: usize;
  queryEnds: usize;
  keyLengths: usize;
  /** int32: block ids. 0: block i of the cache is block i. */
  blockTables: usize;
  /** int32 per sequence: where its block table begins. 0: at s · maxBlocks. */
  tableStarts: usize;
  maxBlocks: i32;
  isCausal: i32;
  /** 0: none. */
  window: i32;
  /** 0: none. */
  mask: usize;
  maskWidth: i32;
  /** Of thread 0; that of thread t lies t · scratchBytes further. */
  scratch: usize;
  scratchBytes: usize;
  /** Bytes of a row of scores. */
  rowBytes: usize;
  /** Blocks that a row of scores spans at most. */
  maxSpanBlocks: i32;
  /** Rows of a tile: 4, or 1 where that gives more threads work. */
  tileRows: i32;
  /** Tiles taken so far, by all threads. */
  tilesTaken: i32;
  /** float32 (heads, biasWidth). 0: none. */
  positionBias: usize;
  biasWidth: i32;
  /** The column of a query's own place. */
  biasOwn: i32;
  /** Element type of the cache: a block that is not float32 is made so in scratch memory before it is read. */
  cacheDType: i32;
  /** Bytes from one query row to the next: they may be columns of wider rows. */
  queryStride: usize;
}

/** One query row of a tile. */
// @ts-ignore: decorator
@unmanaged
class Row {
  query: usize;
  output: usize;
  mask: usize;
  /** Keys in sight: begin … end − 1. */
  begin: i32;
  end: i32;
  /** Sum of the weights. */
  sum: f32;
  /** The position bias of its head, 0: none; and the column of the key at position 0. */
  bias: usize;
  biasColumn: i32;
}
const ROW_BYTES: usize = 32;

/** This thread's scratch memory, cut up. Set at the start of `attention`, for this thread's instance alone. */
let rows: usize = 0; // Row (4)
let packedQueries: usize = 0; // float32 (headSize, 4)
let sums: usize = 0; // float32 (4, padded headSize)
let blocks: usize = 0; // int32 (maxSpanBlocks): the blocks of the keys that the tile sees
let scores: usize = 0; // float32 (4, rowBytes / 4)
let weights: usize = 0; // float32 (keys, 4)
let firstBlockOnly: usize = 0; // int32 (1): 0
let widened: usize = 0; // float32: the keys of two blocks, or the values of one

export function attention(a: AttentionCommand, thread: i32): void {
  cutScratch(a, a.scratch + a.scratchBytes * <usize>thread);
  const group = a.heads / a.kvHeads;
  const tilesTaken = changetype<usize>(a) + offsetof<AttentionCommand>('tilesTaken');
  let tile = take(tilesTaken);
  let before = 0; // tiles of the sequences before
  for (let sequence = 0; sequence < a.numSequences; sequence++) {
    const numRows = (word(a.queryEnds, sequence) - word(a.queryStarts, sequence)) * group;
    const tilesPerHead = (numRows + a.tileRows - 1) / a.tileRows;
    const after = before + tilesPerHead * a.kvHeads;
    for (; tile < after; tile = take(tilesTaken)) {
      const kvHead = (tile - before) / tilesPerHead;
      const first = (tilesPerHead - 1 - (tile - before) % tilesPerHead) * a.tileRows; // the longest first
      attendTile(a, sequence, kvHead, first, min(a.tileRows, numRows - first));
    }
    before = after;
  }
}

function cutScratch(a: AttentionCommand, scratch: usize): void {
  const span = <usize>a.maxSpanBlocks;
  rows = scratch;
  packedQueries = rows + ROW_BYTES * HEIGHT;
  sums = packedQueries + (<usize>a.headSize << 4);
  scores = sums + (<usize>paddedHeadSize(a.headSize) << 4);
  weights = scores + a.rowBytes * HEIGHT;
  blocks = weights + (span << 8);
  if (a.cacheDType == FLOAT32) return;
  firstBlockOnly = blocks + (span << 2);
  store<i32>(firstBlockOnly, 0);
  widened = (firstBlockOnly + 4 + 63) & ~63;
}

/** Attends `count` query rows of a sequence and key/value head from row `first` on; row r is token r / group, head r mod group. */
export function attendTile(a: AttentionCommand, sequence: i32, kvHead: i32, first: i32, count: i32): void {
  layOutRows(a, sequence, kvHead, first, count);
  let begin = i32.MAX_VALUE; // keys that any row sees
  let end = 0;
  for (let i = 0; i < count; i++) {
    const row = rowAt(i);
    if (row.begin >= row.end) continue;
    begin = min(begin, row.begin);
    end = max(end, row.end);
  }
  if (end > 0) {
    const firstBlock = begin / BLOCK;
    const numBlocks = (end + BLOCK - 1) / BLOCK - firstBlock;
    findBlocks(a, sequence, firstBlock, numBlocks);
    memory.fill(sums, 0, <usize>paddedHeadSize(a.headSize) << 4);
    if (count == 1) attendOne(a, kvHead, firstBlock, numBlocks);
    else attendFour(a, kvHead, firstBlock, numBlocks);
  }
  for (let i = 0; i < count; i++) finish(rowAt(i), sums + <usize>(i * paddedHeadSize(a.headSize) << 2), a.headSize);
}

/** Rows past `count` are the last again; nobody stores their output. */
function layOutRows(a: AttentionCommand, sequence: i32, kvHead: i32, first: i32, count: i32): void {
  const group = a.heads / a.kvHeads;
  const queryStart = word(a.queryStarts, sequence);
  const keyLength = word(a.keyLengths, sequence);
  const shift = keyLength - (word(a.queryEnds, sequence) - queryStart);
  for (let i = 0; i < HEIGHT; i++) {
    const r = first + min(i, count - 1);
    const token = r / group;
    const own = token + shift; // the query's own place among the keys
    const head = kvHead * group + r % group;
    const headBytes = <usize>a.headSize << 2;
    const row = rowAt(i);
    row.query = a.queries + <usize>(queryStart + token) * a.queryStride + <usize>head * headBytes;
    row.output = a.output + <usize>((queryStart + token) * a.heads + head) * headBytes;
    row.mask = a.mask ? a.mask + (<usize>(queryStart + token) * <usize>a.maskWidth << 2) : 0;
    row.begin = a.window > 0 ? max(0, own - a.window + 1) : 0;
    row.end = a.isCausal ? max(0, min(keyLength, own + 1)) : keyLength;
    row.sum = 0;
    row.bias = a.positionBias ? a.positionBias + (<usize>(head * a.biasWidth) << 2) : 0;
    row.biasColumn = a.biasOwn - own;
  }
}

function findBlocks(a: AttentionCommand, sequence: i32, firstBlock: i32, numBlocks: i32): void {
  if (numBlocks > a.maxSpanBlocks) unreachable(); // a key length beyond maxKeyLength
  const start = (a.tableStarts ? word(a.tableStarts, sequence) : sequence * a.maxBlocks) + firstBlock;
  for (let i = 0; i < numBlocks; i++) {
    store<i32>(blocks + (<usize>i << 2), a.blockTables ? word(a.blockTables, start + i) : start + i);
  }
}

function attendOne(a: AttentionCommand, kvHead: i32, firstBlock: i32, numBlocks: i32): void {
  const row = rowAt(0);
  const scale = f32x4.splat(a.scale);
  const half = (numBlocks + 1) >> 1;
  for (let i = 0; i < half; i++) {
    const j = min(i + half, numBlocks - 1);
    const keysA = keysOf(a, kvHead, i, 0);
    const keysB = keysOf(a, kvHead, j, 1);
    scoreRow(scores + (<usize>i << 6), scores + (<usize>j << 6), row.query, keysA, keysB, a.headSize, scale);
  }
  weighRow(a, row, scores, firstBlock, numBlocks);
  accumulateOne(a, kvHead, 0, row.begin, row.end, firstBlock * BLOCK);
}

function attendFour(a: AttentionCommand, kvHead: i32, firstBlock: i32, numBlocks: i32): void {
  const scale = f32x4.splat(a.scale);
  packQueries(a.headSize);
  for (let i = 0; i < numBlocks; i++) {
    scoreTile(scores + (<usize>i << 6), a.rowBytes, packedQueries, keysOf(a, kvHead, i, 0), a.headSize, scale);
  }
  for (let i = 0; i < HEIGHT; i++) weighRow(a, rowAt(i), scores + a.rowBytes * <usize>i, firstBlock, numBlocks);
  transposeWeights(weights, scores, a.rowBytes, numBlocks * BLOCK);
  accumulateFour(a, kvHead, firstBlock * BLOCK);
}

/** Each row over the keys that it sees and no others; those that all rows see, together. */
function accumulateFour(a: AttentionCommand, kvHead: i32, base: i32): void {
  let begin = 0;
  let end = i32.MAX_VALUE;
  for (let i = 0; i < HEIGHT; i++) {
    begin = max(begin, rowAt(i).begin);
    end = min(end, rowAt(i).end);
  }
  const isShared = begin < end;
  for (let i = 0; i < HEIGHT; i++) {
    accumulateOne(a, kvHead, i, rowAt(i).begin, isShared ? begin : rowAt(i).end, base);
  }
  if (!isShared) return;
  accumulateShared(a, kvHead, begin - base, end - base);
  for (let i = 0; i < HEIGHT; i++) accumulateOne(a, kvHead, i, end, rowAt(i).end, base);
}

/** All four rows over the keys begin … end − 1 of the walk. */
function accumulateShared(a: AttentionCommand, kvHead: i32, begin: i32, end: i32): void {
  const sumBytes = <usize>paddedHeadSize(a.headSize) << 2;
  if (a.cacheDType == FLOAT32) {
    const values = valuesAddress(a.cache, a.numBlocks, a.kvHeads, a.headSize, kvHead, 2);
    return accumulateTile(sums, sumBytes, weights, values, blocks, begin, end, a.numBlocks, a.headSize);
  }
  for (let block = begin / BLOCK; block * BLOCK < end; block++) {
    const first = block * BLOCK;
    widenValuesOf(a, kvHead, block);
    const from = max(begin - first, 0);
    const to = min(end - first, BLOCK);
    accumulateTile(sums, sumBytes, weights + (<usize>block << 8), widened, firstBlockOnly, from, to, 1, a.headSize);
  }
}

/** Row i over the keys begin … end − 1. */
function accumulateOne(a: AttentionCommand, kvHead: i32, i: i32, begin: i32, end: i32, base: i32): void {
  if (begin >= end) return;
  const to = sums + (<usize>(i * paddedHeadSize(a.headSize)) << 2);
  const row = scores + a.rowBytes * <usize>i;
  if (a.cacheDType == FLOAT32) {
    const values = valuesAddress(a.cache, a.numBlocks, a.kvHeads, a.headSize, kvHead, 2);
    return accumulateRow(to, row, values, blocks, begin - base, end - base, a.numBlocks, a.headSize);
  }
  for (let block = (begin - base) / BLOCK; block * BLOCK < end - base; block++) {
    const first = base + block * BLOCK;
    widenValuesOf(a, kvHead, block);
    const from = max(begin - first, 0);
    accumulateRow(to, row + (<usize>block << 6), widened, firstBlockOnly, from, min(end - first, BLOCK), 1, a.headSize);
  }
}

/** Address of the keys of block i of the walk, in float32: if they are not so already, at one of two places for it. */
// @ts-ignore: decorator
@inline
function keysOf(a: AttentionCommand, kvHead: i32, i: i32, place: i32): usize {
  const block = word(blocks, i);
  if (a.cacheDType == FLOAT32) return keysAddress(a.cache, a.numBlocks, a.headSize, kvHead, block, 2);
  const to = widened + <usize>place * (<usize>a.headSize << 6);
  const from = keysAddress(a.cache, a.numBlocks, a.headSize, kvHead, block, elementShift(a.cacheDType));
  widenKeys(to, from, a.headSize, a.cacheDType, scalesOf(a, kvHead, block));
  return to;
}

/** Makes the values of block i of the walk float32. */
function widenValuesOf(a: AttentionCommand, kvHead: i32, i: i32): void {
  const block = word(blocks, i);
  const shift = elementShift(a.cacheDType);
  const values = valuesAddress(a.cache, a.numBlocks, a.kvHeads, a.headSize, kvHead, shift);
  const scales = scalesOf(a, kvHead, block) + scalesBytes(a.numBlocks, a.kvHeads);
  const partBytes = <usize>a.numBlocks << (7 + shift);
  widenValues(widened, values + (<usize>block << (7 + shift)), partBytes, a.headSize, a.cacheDType, scales);
}

// @ts-ignore: decorator
@inline
function scalesOf(a: AttentionCommand, kvHead: i32, block: i32): usize {
  return scalesAddress(a.cache, a.numBlocks, a.kvHeads, a.headSize, kvHead, block);
}

function weighRow(a: AttentionCommand, row: Row, at: usize, firstBlock: i32, numBlocks: i32): void {
  const base = firstBlock * BLOCK;
  if (row.mask) addMask(at, row.mask + (<usize>base << 2), row.end - base);
  if (row.bias) addPositionBias(at, row.end - base, row.bias, a.biasWidth, row.biasColumn + base);
  row.sum = weigh(at, base, numBlocks * BLOCK, row.begin, row.end);
}

/** The queries of the tile to [D][4]. */
function packQueries(headSize: i32): void {
  for (let i = 0; i < HEIGHT; i++) {
    let from = rowAt(i).query;
    let to = packedQueries + (<usize>i << 2);
    for (const end = from + (<usize>headSize << 2); from < end; from += 4, to += 16) store<f32>(to, load<f32>(from));
  }
}

function finish(row: Row, from: usize, headSize: i32): void {
  let to = row.output;
  if (row.sum == 0) {
    memory.fill(to, 0, <usize>headSize << 2);
    return;
  }
  const factor = f32x4.splat(<f32>1 / row.sum);
  let left = headSize;
  for (; left >= 4; left -= 4, from += 16, to += 16) v128.store(to, f32x4.mul(v128.load(from), factor));
  if (left > 0) storeLanes(to, f32x4.mul(v128.load(from), factor), left);
}

// @ts-ignore: decorator
@inline
function rowAt(i: i32): Row {
  return changetype<Row>(rows + ROW_BYTES * <usize>i);
}

// @ts-ignore: decorator
@inline
function word(array: usize, i: i32): i32 {
  return load<i32>(array + (<usize>i << 2));
}
