// Small pieces that the kernels over vectors of four float32 share.

import { firstItem } from './linear-layout';

// All ones in the first four lanes, zeros in the next: loading from lane 4 − n on masks all but n lanes.
const MASKS = memory.data<u32>([0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0, 0, 0, 0], 16);

/** All ones in the first `count` lanes, 0 to 4. */
// @ts-ignore: decorator
@inline
export function firstLanes(count: i32): v128 {
  return v128.load(MASKS + (<usize>(4 - count) << 2));
}

/** Stores the first `count` lanes, 1 to 3. */
// @ts-ignore: decorator
@inline
export function storeLanes(address: usize, value: v128, count: i32): void {
  v128.store_lane<u32>(address, value, 0);
  if (count > 1) v128.store_lane<u32>(address, value, 1, 4);
  if (count > 2) v128.store_lane<u32>(address, value, 2, 8);
}

/** (a₀ + a₁) + (a₂ + a₃): the one order in which lanes are added up. */
// @ts-ignore: decorator
@inline
export function sumLanes(a: v128): f32 {
  return (f32x4.extract_lane(a, 0) + f32x4.extract_lane(a, 1)) + (f32x4.extract_lane(a, 2) + f32x4.extract_lane(a, 3));
}

/** The largest lane; NaN counts for nothing unless all are. */
// @ts-ignore: decorator
@inline
export function maxLanes(a: v128): f32 {
  const pairs = f32x4.pmax(a, v128.shuffle<i32>(a, a, 2, 3, 0, 1));
  return f32x4.extract_lane(f32x4.pmax(pairs, v128.shuffle<i32>(pairs, pairs, 1, 0, 3, 2)), 0);
}

/** Address of the first of `length` four-byte elements that `thread` works on: threads share no 64-byte line. */
// @ts-ignore: decorator
@inline
export function firstElement(length: i32, thread: i32, threads: i32): i32 {
  return min(length, firstItem((length + 15) >> 4, thread, threads) << 4);
}
