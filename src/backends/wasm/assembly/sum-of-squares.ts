// Σ x², in float64: pieces of a fixed length, each in four pairs of lanes, and then the pieces in order. The same bits for any
// number of threads, fused or not, since the square of a float32 is exact in float64.

import { firstLanes } from './lanes';
import { firstItem } from './linear-layout';

/** Elements of a piece; the host's copy is SQUARES_PIECE in ../training-scratch.ts. */
const PIECE: i32 = 4096;

/** partials, float64 (pieces): the sum of squares of each piece. */
export function squarePieces(partials: usize, input: usize, length: i32, thread: i32, threads: i32): void {
  const pieces = (length + PIECE - 1) / PIECE;
  const end = firstItem(pieces, thread + 1, threads);
  for (let i = firstItem(pieces, thread, threads); i < end; i++) {
    const sum = sumOfSquares(input + <usize>i * (PIECE * 4), min(PIECE, length - i * PIECE));
    store<f64>(partials + (<usize>i << 3), sum);
  }
}

function sumOfSquares(from: usize, length: i32): f64 {
  let a = f64x2.splat(0), b = a, c = a, d = a;
  let left = length;
  for (; left >= 8; left -= 8, from += 32) {
    const x = v128.load(from);
    const y = v128.load(from, 16);
    a = f64x2.add(a, square(x));
    b = f64x2.add(b, square(v128.shuffle<i64>(x, x, 1, 1)));
    c = f64x2.add(c, square(y));
    d = f64x2.add(d, square(v128.shuffle<i64>(y, y, 1, 1)));
  }
  for (; left > 0; left -= 4, from += 16) {
    const x = v128.and(v128.load(from), firstLanes(min(4, left)));
    a = f64x2.add(a, square(x));
    b = f64x2.add(b, square(v128.shuffle<i64>(x, x, 1, 1)));
  }
  const sum = f64x2.add(f64x2.add(a, b), f64x2.add(c, d));
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** Of the first two lanes, in float64. */
// @ts-ignore: decorator
@inline
function square(x: v128): v128 {
  const wide = f64x2.promote_low_f32x4(x);
  return f64x2.mul(wide, wide);
}

/** output (1) = the pieces added up in order, by one thread. */
export function sumPieces(output: usize, partials: usize, pieces: i32, thread: i32): void {
  if (thread != 0) return;
  let sum: f64 = 0;
  for (let i = 0; i < pieces; i++) sum += load<f64>(partials + (<usize>i << 3));
  store<f32>(output, <f32>sum);
}
