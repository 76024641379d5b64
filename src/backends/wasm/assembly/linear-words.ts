// The words of 16-bit panels (linear-layout.ts) to float32, cheaply.
//
// bfloat16 widens by a shift (low halves) and a mask (high halves).
//
// binary16 widens to w·2⁻¹¹² by moving its exponent and mantissa into place, exactly for all finite weights; infinities and
// NaN come out as numbers. Subnormals are float32 denormals here, which some machines multiply slowly.

import { BFLOAT16 } from './linear-layout';

// Constants come from memory: V8 rebuilds a literal vector at each use.
const MASKS = memory.data<u32>([
  0xffff0000, 0xffff0000, 0xffff0000, 0xffff0000,
  0x8fffe000, 0x8fffe000, 0x8fffe000, 0x8fffe000,
  0x77800000, 0x77800000, 0x77800000, 0x77800000,
], 16);

/** Address of 2¹¹² in four lanes. */
export const UNSCALE = MASKS + 32;

/** Address of the mask that `widenLow` and `widenHigh` want. */
// @ts-ignore: decorator
@inline
export function widenMask(dtype: i32): usize {
  return dtype == BFLOAT16 ? MASKS : MASKS + 16;
}

/** Rows 0..3 of the words of a panel, float16 times 2⁻¹¹². */
// @ts-ignore: decorator
@inline
export function widenLow(words: v128, dtype: i32, mask: v128): v128 {
  const shifted = i32x4.shl(words, 16);
  return dtype == BFLOAT16 ? shifted : v128.and(i32x4.shr_s(shifted, 3), mask);
}

/** Rows 4..7. */
// @ts-ignore: decorator
@inline
export function widenHigh(words: v128, dtype: i32, mask: v128): v128 {
  return dtype == BFLOAT16 ? v128.and(words, mask) : v128.and(i32x4.shr_s(words, 3), mask);
}
