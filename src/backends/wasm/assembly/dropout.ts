// Dropout: element i stays where lowbias32(seed + i · ⌊2³²/φ⌋) (Wellons 2018) is large enough. Whole vectors may be read and
// written past the last element (elementwise.ts).

import { firstElement } from './lanes';

// Four lanes each of: the step from one vector to the next, and the two multipliers of lowbias32.
const TABLE = memory.data<u32>([
  0x78dde6e4, 0x78dde6e4, 0x78dde6e4, 0x78dde6e4,
  0x7feb352d, 0x7feb352d, 0x7feb352d, 0x7feb352d,
  0x846ca68b, 0x846ca68b, 0x846ca68b, 0x846ca68b,
], 16);
const GOLDEN: i32 = 0x9e3779b9;

/** output[i] = input[i] · factor where the hash of i is more than `bound`, unsigned; else 0. */
export function dropout(
  output: usize, input: usize, length: i32, seed: i32, bound: i32, factor: f32, thread: i32, threads: i32,
): void {
  const begin = firstElement(length, thread, threads);
  const end = output + (<usize>firstElement(length, thread + 1, threads) << 2);
  let to = output + (<usize>begin << 2);
  let from = input + (<usize>begin << 2);
  const first = seed + begin * GOLDEN;
  let counter = i32x4.add(i32x4.splat(first), i32x4(0, GOLDEN, 2 * GOLDEN, 3 * GOLDEN));
  const limit = i32x4.splat(bound);
  const scale = f32x4.splat(factor);
  for (; to < end; to += 16, from += 16) {
    const isKept = i32x4.gt_u(hash(counter), limit);
    v128.store(to, v128.and(f32x4.mul(v128.load(from), scale), isKept));
    counter = i32x4.add(counter, v128.load(TABLE));
  }
}

// @ts-ignore: decorator
@inline
function hash(x: v128): v128 {
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 16)), v128.load(TABLE, 16));
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 15)), v128.load(TABLE, 32));
  return v128.xor(x, i32x4.shr_u(x, 16));
}
