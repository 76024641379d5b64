// Four vectors of four as the columns of a 4 × 4 block.

/** Stores (a b c d)ᵀ to four places `stride` bytes apart. */
// @ts-ignore: decorator
@inline
export function storeTransposed(to: usize, stride: usize, a: v128, b: v128, c: v128, d: v128): void {
  const abLow = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const cdLow = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cdHigh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(abLow, cdLow, 0, 2));
  v128.store(to + stride, v128.shuffle<i64>(abLow, cdLow, 1, 3));
  v128.store(to + stride * 2, v128.shuffle<i64>(abHigh, cdHigh, 0, 2));
  v128.store(to + stride * 3, v128.shuffle<i64>(abHigh, cdHigh, 1, 3));
}

/**
 * to (columns, rows) = from (rows, columns)ᵀ, strides in bytes. Rows and columns are rounded up to multiples of four: what
 * lies there is read (of rows past the last: the last again) and written too.
 */
export function transpose(to: usize, toStride: usize, from: usize, fromStride: usize, rows: i32, columns: i32): void {
  for (let row = 0; row < rows; row += 4) {
    const left = rows - row;
    let a = from + <usize>row * fromStride;
    let b = left > 1 ? a + fromStride : a;
    let c = left > 2 ? b + fromStride : b;
    let d = left > 3 ? c + fromStride : c;
    let at = to + (<usize>row << 2);
    for (const stop = a + (<usize>columns << 2); a < stop; a += 16, b += 16, c += 16, d += 16, at += toStride * 4) {
      storeTransposed(at, toStride, v128.load(a), v128.load(b), v128.load(c), v128.load(d));
    }
  }
}
