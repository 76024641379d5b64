// What a narrow cache holds of a key or value: 16-bit floats, or codes of 8 bits with a scale.
//
// A code is x / scale to the nearest, ties to even. The scale is max |x| / 127, rounded up to 16 significant bits: so 127 · scale
// is exact, the largest code is 127, and code · scale is the same code again when it is stored anew.

import { BLOCK, INT8, PART } from './cache-layout';
import { narrow } from './convert';
import { firstLanes } from './lanes';

/** One key (headSize) into the column of its token: elements BLOCK apart. */
export function narrowKey(to: usize, from: usize, headSize: i32, dtype: i32, scale: usize): void {
  if (dtype == INT8) {
    const s = storeScale(scale, from, headSize);
    for (let d = 0; d < headSize; d++, from += 4, to += BLOCK) store<i8>(to, <i8>codeOf(load<f32>(from), s));
    return;
  }
  let left = headSize;
  for (; left >= 4; left -= 4, from += 16, to += 4 * BLOCK * 2) storeLanesApart(to, narrow(v128.load(from), dtype), 4);
  if (left > 0) storeLanesApart(to, narrow(v128.load(from), dtype), left);
}

/** One value (headSize) into its token's place in each part, `partBytes` apart. Dimensions past the last are zeros. */
export function narrowValue(to: usize, from: usize, partBytes: usize, headSize: i32, dtype: i32, scale: usize): void {
  const s: f32 = dtype == INT8 ? storeScale(scale, from, headSize) : 0;
  for (let left = headSize; left > 0; left -= PART, from += PART * 4, to += partBytes) {
    if (dtype == INT8) {
      for (let d = 0; d < PART; d++) {
        store<i8>(to + d, d < left ? <i8>codeOf(load<f32>(from + (<usize>d << 2)), s) : 0);
      }
    } else {
      const a = narrow(v128.and(v128.load(from), firstLanes(min(left, 4))), dtype);
      const b = narrow(v128.and(v128.load(from, 16), firstLanes(min(max(left - 4, 0), 4))), dtype);
      v128.store(to, v128.shuffle<u16>(a, b, 0, 2, 4, 6, 8, 10, 12, 14));
    }
  }
}

// @ts-ignore: decorator
@inline
function storeLanesApart(to: usize, halves: v128, count: i32): void {
  v128.store_lane<u16>(to, halves, 0);
  if (count > 1) v128.store_lane<u16>(to, halves, 2, BLOCK * 2);
  if (count > 2) v128.store_lane<u16>(to, halves, 4, BLOCK * 4);
  if (count > 3) v128.store_lane<u16>(to, halves, 6, BLOCK * 6);
}

/** Smaller numbers are zeros, so that no scale is of denormal size. */
const LEAST: f32 = 7.888609052210118e-31; // 2⁻¹⁰⁰

function storeScale(at: usize, from: usize, length: i32): f32 {
  let largest: f32 = 0; // NaN stays
  for (let i = 0; i < length; i++) largest = max(largest, abs(load<f32>(from + (<usize>i << 2))));
  const bits = reinterpret<u32>(largest / 127);
  const scale: f32 = largest < LEAST ? 0.0 : reinterpret<f32>((bits + 0xff) & ~0xff);
  store<f32>(at, scale);
  return scale;
}

// @ts-ignore: decorator
@inline
function codeOf(x: f32, scale: f32): i32 {
  const code = nearest(x / scale);
  return code == code ? <i32>max<f32>(-127, min<f32>(127, code)) : 0; // 0 / 0, ∞ / ∞
}
