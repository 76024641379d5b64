// The gradient of scaled dot-product attention over dense keys and values. The unit of work is one key/value head of a
// cluster: spans that share keys, nearly always one. Its thread alone adds to its rows of keyGrad and valueGrad, in the order
// of spans, query heads and blocks of 48 queries: the same bits for any number of threads.
//
// Lanes are queries. A block keeps weights and their gradients as (keys, 48), in panels of twelve queries, so that softmax
// needs no horizontal sums and the five products are all those of product-tile.ts:
//
//   scores = K · Qᵀ, weightGrads = V · outputGradᵀ         rows are keys, one chain over the head size
//   valueGrad += weights · outputGrad, keyGrad += scoreGrads · Q     rows are keys, one chain over the queries of a block
//   queryGradᵀ = Kᵀ · scoreGrads                           rows are dimensions, one chain over the keys in sight

import { addBiasGradients, addMask, addPositionBias, scalePanel } from './attention-gradient-addends';
import { AttentionGradientCommand, Span } from './attention-gradient-command';
import { scoreGradients, Sight } from './attention-gradient-weights';
import { storeLanes } from './lanes';
import { PANEL } from './linear-layout';
import { multiplyTiles } from './product-tile';
import { take } from './sync';
import { transpose } from './transpose';

/** Queries of a block; the host's copy is BLOCK_QUERIES in ../attention-gradient-operations.ts. */
const BLOCK: i32 = 48;
const BLOCK_BYTES: usize = 192;
const PANELS: i32 = 4;
const PANEL_BYTES: usize = 48;

/** This thread's scratch memory, cut up. Set at the start of `attentionGradient`, for this thread's instance alone. */
let transposedKeys: usize = 0; // float32 (headSize, keyRowBytes / 4)
let transposedQueries: usize = 0; // float32 (headSize, 48)
let transposedGrads: usize = 0; // float32 (headSize, 48)
let blockQueries: usize = 0; // float32 (48, headSize padded to 12)
let blockGrads: usize = 0; // float32 (48, headSize padded to 12)
let queryGrads: usize = 0; // float32 (48, headSize padded to 4)
let transposedQueryGrads: usize = 0; // float32 (headSize, 48)
let weights: usize = 0; // float32 (keys in sight, 48)
let scoreGrads: usize = 0; // float32 (keys in sight, 48)
let sight: Sight = changetype<Sight>(0);
/** The partial sums of this task's cluster: float32 (heads, biasWidth). 0: none. */
let biasPartials: usize = 0;

export function attentionGradient(a: AttentionGradientCommand, thread: i32): void {
  cutScratch(a, a.scratch + a.scratchBytes * <usize>thread);
  const tasksTaken = changetype<usize>(a) + offsetof<AttentionGradientCommand>('tasksTaken');
  const numTasks = a.numClusters * a.kvHeads;
  for (let task = take(tasksTaken); task < numTasks; task = take(tasksTaken)) {
    const cluster = task / a.kvHeads;
    const kvHead = task % a.kvHeads;
    const first = load<i32>(a.clusterStarts + (<usize>cluster << 2));
    const last = load<i32>(a.clusterStarts + (<usize>cluster << 2), 4);
    startBias(a, cluster, kvHead);
    for (let i = first; i < last; i++) clearKeys(a, spanAt(a, i), kvHead);
    for (let i = first; i < last; i++) spanGradient(a, spanAt(a, i), kvHead);
  }
}

function cutScratch(a: AttentionGradientCommand, scratch: usize): void {
  const rows = <usize>((a.headSize + 3) & ~3); // of a transpose of a head
  transposedKeys = scratch;
  transposedQueries = transposedKeys + rows * a.keyRowBytes;
  transposedGrads = transposedQueries + rows * BLOCK_BYTES;
  queryGrads = transposedGrads + rows * BLOCK_BYTES;
  transposedQueryGrads = queryGrads + rows * BLOCK_BYTES;
  blockQueries = transposedQueryGrads + rows * BLOCK_BYTES;
  blockGrads = blockQueries + <usize>BLOCK * paddedBytes(a.headSize);
  weights = blockGrads + <usize>BLOCK * paddedBytes(a.headSize);
  scoreGrads = weights + <usize>a.maxSightKeys * BLOCK_BYTES;
  sight = changetype<Sight>(scoreGrads + <usize>a.maxSightKeys * BLOCK_BYTES);
}

/** Bytes of a head padded to whole panels. */
// @ts-ignore: decorator
@inline
function paddedBytes(headSize: i32): usize {
  return <usize>((headSize + PANEL - 1) / PANEL) * PANEL_BYTES;
}

function clearKeys(a: AttentionGradientCommand, span: Span, kvHead: i32): void {
  const bytes = <usize>a.headSize << 2;
  for (let i = 0; i < span.keyLength; i++) {
    const at = <usize>((span.keyStart + i) * a.kvHeads + kvHead) * bytes;
    memory.fill(a.keyGrad + at, 0, bytes);
    memory.fill(a.valueGrad + at, 0, bytes);
  }
}

/** Zeros for the gradient of the position bias of the heads of a task. */
function startBias(a: AttentionGradientCommand, cluster: i32, kvHead: i32): void {
  if (!a.biasPartials) return;
  const group = a.heads / a.kvHeads;
  const rowBytes = <usize>a.biasWidth << 2;
  biasPartials = a.biasPartials + <usize>(cluster * a.heads) * rowBytes;
  memory.fill(biasPartials + <usize>(kvHead * group) * rowBytes, 0, <usize>group * rowBytes);
}

function spanGradient(a: AttentionGradientCommand, span: Span, kvHead: i32): void {
  const group = a.heads / a.kvHeads;
  const keyStride = <usize>(a.kvHeads * a.headSize) << 2;
  const firstKey = <usize>(span.keyStart * a.kvHeads + kvHead) * <usize>a.headSize << 2;
  if (span.keyLength > 0) {
    transpose(transposedKeys, a.keyRowBytes, a.keys + firstKey, keyStride, span.keyLength, a.headSize);
  }
  for (let head = kvHead * group; head < (kvHead + 1) * group; head++) {
    for (let query = 0; query < span.queryLength; query += BLOCK) {
      blockGradient(a, span, firstKey, head, query, min(BLOCK, span.queryLength - query));
    }
  }
}

/** `count` queries of a span from `query` on, in one head. `firstKey` is the offset of the span's first key and value. */
function blockGradient(
  a: AttentionGradientCommand, span: Span, firstKey: usize, head: i32, query: i32, count: i32,
): void {
  const first = <usize>((span.queryStart + query) * a.heads + head) * <usize>a.headSize << 2;
  const shift = query + span.keyLength - span.queryLength;
  sight.look(span.keyLength, shift, count, a.isCausal != 0, a.window);
  if (sight.begin < sight.end) {
    packQueries(a, first, count);
    weigh(a, span, firstKey, head, query, count);
    addKeyGradients(a, firstKey);
    multiplyQueryGradients(a);
    writeQueryGradients(a, first, count);
  } else {
    clearQueries(a, first, count);
  }
}

/** The queries and output gradients of the block, as they are and transposed. What lies past the last query is zeros. */
function packQueries(a: AttentionGradientCommand, first: usize, count: i32): void {
  const stride = <usize>(a.heads * a.headSize) << 2;
  const rows = <usize>((a.headSize + 3) & ~3);
  if (count < BLOCK) {
    memory.fill(transposedQueries, 0, rows * BLOCK_BYTES * 2);
    memory.fill(blockQueries, 0, paddedBytes(a.headSize) * <usize>BLOCK * 2);
  }
  transpose(transposedQueries, BLOCK_BYTES, a.queries + first, stride, count, a.headSize);
  transpose(transposedGrads, BLOCK_BYTES, a.outputGrad + first, stride, count, a.headSize);
  for (let i = 0; i < count; i++) {
    const from = first + <usize>i * stride;
    const to = <usize>i * paddedBytes(a.headSize);
    copyPadded(blockQueries + to, a.queries + from, a.headSize);
    copyPadded(blockGrads + to, a.outputGrad + from, a.headSize);
  }
}

/** A head, and zeros up to a whole panel. */
function copyPadded(to: usize, from: usize, headSize: i32): void {
  const end = to + paddedBytes(headSize);
  let left = headSize;
  for (; left >= 4; left -= 4, to += 16, from += 16) v128.store(to, v128.load(from));
  for (let at = to; at < end; at += 16) v128.store(at, f32x4.splat(0));
  if (left > 0) storeLanes(to, v128.load(from), left);
}

/** The weights and score gradients of every panel, over the keys that it sees. */
function weigh(
  a: AttentionGradientCommand, span: Span, firstKey: usize, head: i32, query: i32, count: i32,
): void {
  const keyStride = <usize>(a.kvHeads * a.headSize) << 2;
  for (let panel = 0; panel < PANELS; panel++) {
    const begin = sight.beginOf(panel);
    const rows = sight.endOf(panel) - begin;
    if (rows <= 0) continue;
    const column = <usize>panel * PANEL_BYTES;
    const at = <usize>(begin - sight.begin) * BLOCK_BYTES + column;
    const from = firstKey + <usize>begin * keyStride;
    multiplyTiles(
      weights + at, BLOCK_BYTES, a.keys + from, keyStride, transposedQueries + column, BLOCK_BYTES, rows, a.headSize,
      PANEL, 0, 0,
    );
    multiplyTiles(
      scoreGrads + at, BLOCK_BYTES, a.values + from, keyStride, transposedGrads + column, BLOCK_BYTES, rows, a.headSize,
      PANEL, 0, 0,
    );
    panelGradients(a, span, head, panel, query + panel * PANEL, min(PANEL, count - panel * PANEL), at);
  }
}

/** From scores and gradients of weights, at `at`, to weights and gradients of scores: `count` queries of a span from `query` on. */
function panelGradients(
  a: AttentionGradientCommand, span: Span, head: i32, panel: i32, query: i32, count: i32, at: usize,
): void {
  const begin = sight.beginOf(panel);
  const end = sight.endOf(panel);
  const maskBytes = <usize>a.maskWidth << 2;
  const biasRow = <usize>(head * a.biasWidth) << 2;
  const biasFirst = a.biasOwn - (query + span.keyLength - span.queryLength);
  let scale = a.scale; // of the scores as they are
  if (a.mask) {
    const mask = a.mask + <usize>(span.queryStart + query) * maskBytes;
    addMask(weights + at, BLOCK_BYTES, begin, end, scale, mask, maskBytes, count);
    scale = 1;
  }
  if (a.positionBias) {
    const bias = a.positionBias + biasRow;
    addPositionBias(weights + at, BLOCK_BYTES, begin, end, scale, bias, a.biasWidth, biasFirst, count);
    scale = 1;
  }
  if (!a.biasPartials) {
    scoreGradients(weights + at, scoreGrads + at, BLOCK_BYTES, sight, panel, scale, a.scale);
    return;
  }
  scoreGradients(weights + at, scoreGrads + at, BLOCK_BYTES, sight, panel, scale, 1);
  const biasGrad = biasPartials + biasRow;
  addBiasGradients(biasGrad, a.biasWidth, scoreGrads + at, BLOCK_BYTES, sight, panel, biasFirst, count);
  if (a.scale != 1) scalePanel(scoreGrads + at, BLOCK_BYTES, end - begin, a.scale);
}

/** Adds the block's share to the gradients of the keys and values that it sees: runs of keys that the same panels see. */
function addKeyGradients(a: AttentionGradientCommand, firstKey: usize): void {
  for (let key = sight.begin; key < sight.end; ) {
    const next = sight.nextChange(key);
    const first = sight.firstPanelAt(key);
    const inner = (sight.lastPanelAt(key) + 1 - first) * PANEL;
    if (inner > 0) {
      addProducts(a.valueGrad + firstKey, a, weights, blockGrads, key, next, first, inner);
      addProducts(a.keyGrad + firstKey, a, scoreGrads, blockQueries, key, next, first, inner);
    }
    key = next;
  }
}

/** Rows key … next − 1 of `to` += those of `factors`, panels from `first` on, times the rows of the block. */
function addProducts(
  to: usize, a: AttentionGradientCommand, factors: usize, rows: usize, key: i32, next: i32, first: i32, inner: i32,
): void {
  const keyStride = <usize>(a.kvHeads * a.headSize) << 2;
  const rowBytes = paddedBytes(a.headSize);
  const from = factors + <usize>(key - sight.begin) * BLOCK_BYTES + <usize>first * PANEL_BYTES;
  const panel = rows + <usize>(first * PANEL) * rowBytes;
  for (let d = 0; d < a.headSize; d += PANEL) {
    const offset = <usize>d << 2;
    const at = to + <usize>key * keyStride + offset;
    multiplyTiles(
      at, keyStride, from, BLOCK_BYTES, panel + offset, rowBytes, next - key, inner, min(PANEL, a.headSize - d), at,
      keyStride,
    );
  }
}

function multiplyQueryGradients(a: AttentionGradientCommand): void {
  for (let panel = 0; panel < PANELS; panel++) {
    const begin = sight.beginOf(panel);
    const inner = sight.endOf(panel) - begin;
    const column = <usize>panel * PANEL_BYTES;
    if (inner > 0) {
      multiplyTiles(
        transposedQueryGrads + column, BLOCK_BYTES, transposedKeys + (<usize>begin << 2), a.keyRowBytes,
        scoreGrads + <usize>(begin - sight.begin) * BLOCK_BYTES + column, BLOCK_BYTES, a.headSize, inner, PANEL, 0, 0,
      );
    } else {
      for (let d = 0; d < a.headSize; d++) {
        memory.fill(transposedQueryGrads + <usize>d * BLOCK_BYTES + column, 0, PANEL_BYTES);
      }
    }
  }
}

function writeQueryGradients(a: AttentionGradientCommand, first: usize, count: i32): void {
  const bytes = <usize>a.headSize << 2;
  const rowBytes = <usize>((a.headSize + 3) & ~3) << 2;
  const stride = <usize>a.heads * bytes;
  transpose(queryGrads, rowBytes, transposedQueryGrads, BLOCK_BYTES, a.headSize, count);
  for (let i = 0; i < count; i++) {
    memory.copy(a.queryGrad + first + <usize>i * stride, queryGrads + <usize>i * rowBytes, bytes);
  }
}

function clearQueries(a: AttentionGradientCommand, first: usize, count: i32): void {
  const bytes = <usize>a.headSize << 2;
  for (let i = 0; i < count; i++) memory.fill(a.queryGrad + first + <usize>(i * a.heads) * bytes, 0, bytes);
}

// @ts-ignore: decorator
@inline
function spanAt(a: AttentionGradientCommand, i: i32): Span {
  return changetype<Span>(a.spans + (<usize>i << 4));
}
