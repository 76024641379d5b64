// score(query, key) = scale · Σ query[d]·key[d]: one chain of multiply-adds over d from zero, then one multiplication, the
// same for a single query and for a tile of four.

import { madd } from './fma';

/** Scores of one query (D) over two blocks of keys [D][16]: two streams far apart keep the memory busier than one. */
export function scoreRow(
  toA: usize, toB: usize, query: usize, keysA: usize, keysB: usize, headSize: i32, scale: v128,
): void {
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
  let b0 = a0, b1 = a0, b2 = a0, b3 = a0;
  const end = query + (<usize>headSize << 2);
  while (true) {
    const q = v128.load_splat<f32>(query);
    a0 = madd(q, v128.load(keysA), a0);
    a1 = madd(q, v128.load(keysA, 16), a1);
    a2 = madd(q, v128.load(keysA, 32), a2);
    a3 = madd(q, v128.load(keysA, 48), a3);
    b0 = madd(q, v128.load(keysB), b0);
    b1 = madd(q, v128.load(keysB, 16), b1);
    b2 = madd(q, v128.load(keysB, 32), b2);
    b3 = madd(q, v128.load(keysB, 48), b3);
    keysA += 64;
    keysB += 64;
    query += 4;
    if (query >= end) break;
  }
  v128.store(toA, f32x4.mul(a0, scale));
  v128.store(toA, f32x4.mul(a1, scale), 16);
  v128.store(toA, f32x4.mul(a2, scale), 32);
  v128.store(toA, f32x4.mul(a3, scale), 48);
  v128.store(toB, f32x4.mul(b0, scale));
  v128.store(toB, f32x4.mul(b1, scale), 16);
  v128.store(toB, f32x4.mul(b2, scale), 32);
  v128.store(toB, f32x4.mul(b3, scale), 48);
}

/** Scores of four queries [D][4] over a block of keys [D][16], in four rows `rowBytes` apart; eight keys at a time. */
export function scoreTile(
  to: usize, rowBytes: usize, queries: usize, keys: usize, headSize: i32, scale: v128,
): void {
  scoreHalf(to, rowBytes, queries, keys, headSize, scale);
  scoreHalf(to + 32, rowBytes, queries, keys + 32, headSize, scale);
}

// The exit test after every step pins the order of loads: see linear-gemm.ts.
// @ts-ignore: decorator
@inline
function scoreHalf(to: usize, rowBytes: usize, queries: usize, keys: usize, headSize: i32, scale: v128): void {
  let a0 = f32x4.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
  const end = queries + (<usize>headSize << 4);
  while (true) {
    const k0 = v128.load(keys);
    const k1 = v128.load(keys, 16);
    let q = v128.load_splat<f32>(queries);
    a0 = madd(q, k0, a0);
    a1 = madd(q, k1, a1);
    q = v128.load_splat<f32>(queries, 4);
    b0 = madd(q, k0, b0);
    b1 = madd(q, k1, b1);
    q = v128.load_splat<f32>(queries, 8);
    c0 = madd(q, k0, c0);
    c1 = madd(q, k1, c1);
    q = v128.load_splat<f32>(queries, 12);
    d0 = madd(q, k0, d0);
    d1 = madd(q, k1, d1);
    queries += 16;
    keys += 64;
    if (queries >= end) break;
  }
  v128.store(to, f32x4.mul(a0, scale));
  v128.store(to, f32x4.mul(a1, scale), 16);
  to += rowBytes;
  v128.store(to, f32x4.mul(b0, scale));
  v128.store(to, f32x4.mul(b1, scale), 16);
  to += rowBytes;
  v128.store(to, f32x4.mul(c0, scale));
  v128.store(to, f32x4.mul(c1, scale), 16);
  to += rowBytes;
  v128.store(to, f32x4.mul(d0, scale));
  v128.store(to, f32x4.mul(d1, scale), 16);
}
