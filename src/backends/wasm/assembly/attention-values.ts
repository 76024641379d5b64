// sums[d] += Σ weight·value[d], one chain of multiply-adds over the keys in order, the same for one row and for a tile of
// four. Keys are counted from the first block of the walk; `blocks` holds the id of each, and `values` is the address of the
// head's values.

import { BLOCK, PART, PART_BLOCK_BYTES, PART_TOKEN_BYTES } from './cache-layout';
import { madd } from './fma';

/** One row: keys begin … end − 1 with weights at `weights` + 4·key, all dimensions; four parts at a time. */
export function accumulateRow(
  sums: usize, weights: usize, values: usize, blocks: usize, begin: i32, end: i32, numBlocks: i32, headSize: i32,
): void {
  const partBytes = <usize>numBlocks * PART_BLOCK_BYTES;
  let d = 0;
  for (; d + 3 * PART < headSize; d += 4 * PART, values += 4 * partBytes) {
    accumulateFourParts(sums + (<usize>d << 2), weights, values, partBytes, blocks, begin, end);
  }
  for (; d < headSize; d += PART, values += partBytes) {
    accumulatePart(sums + (<usize>d << 2), weights, values, blocks, begin, end);
  }
}

/** Four rows: sums in rows `rowBytes` apart, weights [keys][4]. */
export function accumulateTile(
  sums: usize, rowBytes: usize, weights: usize, values: usize, blocks: usize, begin: i32, end: i32, numBlocks: i32,
  headSize: i32,
): void {
  for (let d = 0; d < headSize; d += PART, values += <usize>numBlocks * PART_BLOCK_BYTES) {
    accumulateTilePart(sums + (<usize>d << 2), rowBytes, weights, values, blocks, begin, end);
  }
}

function accumulateFourParts(
  sums: usize, weights: usize, values: usize, partBytes: usize, blocks: usize, begin: i32, end: i32,
): void {
  let a0 = v128.load(sums), a1 = v128.load(sums, 16), b0 = v128.load(sums, 32), b1 = v128.load(sums, 48);
  let c0 = v128.load(sums, 64), c1 = v128.load(sums, 80), d0 = v128.load(sums, 96), d1 = v128.load(sums, 112);
  for (let key = begin; key < end; ) {
    const next = min(end, (key | (BLOCK - 1)) + 1);
    let a = valueAddress(values, blocks, key);
    let b = a + partBytes;
    let c = b + partBytes;
    let d = c + partBytes;
    let p = weights + (<usize>key << 2);
    const stop = weights + (<usize>next << 2);
    while (true) {
      const w = v128.load_splat<f32>(p);
      a0 = madd(w, v128.load(a), a0);
      a1 = madd(w, v128.load(a, 16), a1);
      b0 = madd(w, v128.load(b), b0);
      b1 = madd(w, v128.load(b, 16), b1);
      c0 = madd(w, v128.load(c), c0);
      c1 = madd(w, v128.load(c, 16), c1);
      d0 = madd(w, v128.load(d), d0);
      d1 = madd(w, v128.load(d, 16), d1);
      a += PART_TOKEN_BYTES;
      b += PART_TOKEN_BYTES;
      c += PART_TOKEN_BYTES;
      d += PART_TOKEN_BYTES;
      p += 4;
      if (p >= stop) break;
    }
    key = next;
  }
  v128.store(sums, a0);
  v128.store(sums, a1, 16);
  v128.store(sums, b0, 32);
  v128.store(sums, b1, 48);
  v128.store(sums, c0, 64);
  v128.store(sums, c1, 80);
  v128.store(sums, d0, 96);
  v128.store(sums, d1, 112);
}

function accumulatePart(sums: usize, weights: usize, values: usize, blocks: usize, begin: i32, end: i32): void {
  let s0 = v128.load(sums), s1 = v128.load(sums, 16);
  for (let key = begin; key < end; ) {
    const next = min(end, (key | (BLOCK - 1)) + 1);
    let v = valueAddress(values, blocks, key);
    let p = weights + (<usize>key << 2);
    for (const stop = weights + (<usize>next << 2); p < stop; p += 4, v += PART_TOKEN_BYTES) {
      const w = v128.load_splat<f32>(p);
      s0 = madd(w, v128.load(v), s0);
      s1 = madd(w, v128.load(v, 16), s1);
    }
    key = next;
  }
  v128.store(sums, s0);
  v128.store(sums, s1, 16);
}

function accumulateTilePart(
  sums: usize, rowBytes: usize, weights: usize, values: usize, blocks: usize, begin: i32, end: i32,
): void {
  const second = sums + rowBytes;
  const third = second + rowBytes;
  const fourth = third + rowBytes;
  let a0 = v128.load(sums), a1 = v128.load(sums, 16);
  let b0 = v128.load(second), b1 = v128.load(second, 16);
  let c0 = v128.load(third), c1 = v128.load(third, 16);
  let d0 = v128.load(fourth), d1 = v128.load(fourth, 16);
  for (let key = begin; key < end; ) {
    const next = min(end, (key | (BLOCK - 1)) + 1);
    let v = valueAddress(values, blocks, key);
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
      v += PART_TOKEN_BYTES;
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

/** Address of a key's value in the part at `values`. */
// @ts-ignore: decorator
@inline
function valueAddress(values: usize, blocks: usize, key: i32): usize {
  const block = <usize>load<u32>(blocks + (<usize>(key / BLOCK) << 2));
  return values + block * PART_BLOCK_BYTES + <usize>(key % BLOCK) * PART_TOKEN_BYTES;
}
