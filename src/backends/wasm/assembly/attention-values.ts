// sums[d] += Σ weight·value[d], one chain of multiply-adds over the keys in order, the same for one row and for a tile of
// four. Keys are counted from the first block of the walk; `blocks` holds the id of each, and `values` is the address of the
// head's values.

import { BLOCK, PART, partOffset, partWidth } from './cache-layout';
import { madd } from './fma';

/** One row: keys begin … end − 1 with weights at `weights` + 4·key, all dimensions. */
export function accumulateRow(
  sums: usize, weights: usize, values: usize, blocks: usize, begin: i32, end: i32, numBlocks: i32, headSize: i32,
): void {
  for (let d = 0; d < headSize; d += PART) {
    const width = partWidth(headSize, d);
    const part = values + partOffset(numBlocks, d, width, 0);
    const to = sums + (<usize>d << 2);
    if (width == PART) {
      accumulateRowPart(to, weights, part, blocks, begin, end);
    } else {
      for (let e: usize = 0; e < <usize>width << 2; e += 32) {
        accumulateRowEight(to + e, weights, part + e, blocks, begin, end, width);
      }
    }
  }
}

/** Four rows: sums in rows `rowBytes` apart, weights [keys][4]. 64 keys at a time, whose values stay in the cache. */
export function accumulateTile(
  sums: usize, rowBytes: usize, weights: usize, values: usize, blocks: usize, begin: i32, end: i32, numBlocks: i32,
  headSize: i32,
): void {
  for (let first = begin; first < end; ) {
    const next = min(end, (first & ~63) + 64);
    for (let d = 0; d < headSize; d += PART) {
      const width = partWidth(headSize, d);
      const part = values + partOffset(numBlocks, d, width, 0);
      const to = sums + (<usize>d << 2);
      for (let e: usize = 0; e < <usize>width << 2; e += 32) {
        accumulateTileEight(to + e, rowBytes, weights, part + e, blocks, first, next, width);
      }
    }
    first = next;
  }
}

function accumulateRowPart(sums: usize, weights: usize, part: usize, blocks: usize, begin: i32, end: i32): void {
  let s0 = v128.load(sums), s1 = v128.load(sums, 16), s2 = v128.load(sums, 32), s3 = v128.load(sums, 48);
  let s4 = v128.load(sums, 64), s5 = v128.load(sums, 80), s6 = v128.load(sums, 96), s7 = v128.load(sums, 112);
  for (let key = begin; key < end; ) {
    const next = min(end, (key | (BLOCK - 1)) + 1);
    let v = part + (blockAt(blocks, key) << 11) + (<usize>(key % BLOCK) << 7);
    let p = weights + (<usize>key << 2);
    const stop = weights + (<usize>next << 2);
    while (p < stop) {
      const w = v128.load_splat<f32>(p);
      s0 = madd(w, v128.load(v), s0);
      s1 = madd(w, v128.load(v, 16), s1);
      s2 = madd(w, v128.load(v, 32), s2);
      s3 = madd(w, v128.load(v, 48), s3);
      s4 = madd(w, v128.load(v, 64), s4);
      s5 = madd(w, v128.load(v, 80), s5);
      s6 = madd(w, v128.load(v, 96), s6);
      s7 = madd(w, v128.load(v, 112), s7);
      v += PART * 4;
      p += 4;
    }
    key = next;
  }
  v128.store(sums, s0);
  v128.store(sums, s1, 16);
  v128.store(sums, s2, 32);
  v128.store(sums, s3, 48);
  v128.store(sums, s4, 64);
  v128.store(sums, s5, 80);
  v128.store(sums, s6, 96);
  v128.store(sums, s7, 112);
}

function accumulateRowEight(
  sums: usize, weights: usize, part: usize, blocks: usize, begin: i32, end: i32, width: i32,
): void {
  const step = <usize>width << 2;
  let s0 = v128.load(sums), s1 = v128.load(sums, 16);
  for (let key = begin; key < end; ) {
    const next = min(end, (key | (BLOCK - 1)) + 1);
    let v = part + blockAt(blocks, key) * (step << 4) + <usize>(key % BLOCK) * step;
    let p = weights + (<usize>key << 2);
    for (const stop = weights + (<usize>next << 2); p < stop; p += 4, v += step) {
      const w = v128.load_splat<f32>(p);
      s0 = madd(w, v128.load(v), s0);
      s1 = madd(w, v128.load(v, 16), s1);
    }
    key = next;
  }
  v128.store(sums, s0);
  v128.store(sums, s1, 16);
}

function accumulateTileEight(
  sums: usize, rowBytes: usize, weights: usize, part: usize, blocks: usize, begin: i32, end: i32, width: i32,
): void {
  const step = <usize>width << 2;
  const second = sums + rowBytes;
  const third = second + rowBytes;
  const fourth = third + rowBytes;
  let a0 = v128.load(sums), a1 = v128.load(sums, 16);
  let b0 = v128.load(second), b1 = v128.load(second, 16);
  let c0 = v128.load(third), c1 = v128.load(third, 16);
  let d0 = v128.load(fourth), d1 = v128.load(fourth, 16);
  for (let key = begin; key < end; ) {
    const next = min(end, (key | (BLOCK - 1)) + 1);
    let v = part + blockAt(blocks, key) * (step << 4) + <usize>(key % BLOCK) * step;
    let p = weights + (<usize>key << 4);
    const stop = weights + (<usize>next << 4);
    while (true) {
      const v0 = v128.load(v);
      const v1 = v128.load(v, 16);
      let w = v128.load_splat<f32>(p);
      a0 = madd(w, v0, a0);
      a1 = madd(w, v1, a1);
      w = v128.load_splat<f32>(p, 4);
      b0 = madd(w, v0, b0);
      b1 = madd(w, v1, b1);
      w = v128.load_splat<f32>(p, 8);
      c0 = madd(w, v0, c0);
      c1 = madd(w, v1, c1);
      w = v128.load_splat<f32>(p, 12);
      d0 = madd(w, v0, d0);
      d1 = madd(w, v1, d1);
      v += step;
      p += 16;
      if (p >= stop) break;
    }
    key = next;
  }
  v128.store(sums, a0);
  v128.store(sums, a1, 16);
  v128.store(second, b0);
  v128.store(second, b1, 16);
  v128.store(third, c0);
  v128.store(third, c1, 16);
  v128.store(fourth, d0);
  v128.store(fourth, d1, 16);
}

// @ts-ignore: decorator
@inline
function blockAt(blocks: usize, key: i32): usize {
  return <usize>load<u32>(blocks + (<usize>(key / BLOCK) << 2));
}
