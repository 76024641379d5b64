// Exact widening of 16-bit floats to float32 and rounding back to nearest even, four lanes at a time. Infinities stay,
// NaN stays NaN, subnormals are exact. 16-bit patterns stand in the low halves of the lanes.

import { BFLOAT16, FLOAT32 } from './linear-layout';

// @ts-ignore: decorator
@inline
export function widenBfloat16(bits: v128): v128 {
  return i32x4.shl(bits, 16);
}

// @ts-ignore: decorator
@inline
export function widenFloat16(bits: v128): v128 {
  const magnitude = i32x4.shl(v128.and(bits, i32x4.splat(0x7fff)), 13);
  const sign = i32x4.shl(v128.and(bits, i32x4.splat(0x8000)), 16);
  const normal = i32x4.add(magnitude, i32x4.splat(112 << 23));
  // A subnormal m·2⁻²⁴ is (1 + m/1024)·2⁻¹⁴ − 2⁻¹⁴: no float32 denormal on the way.
  const small = f32x4.sub(i32x4.add(magnitude, i32x4.splat(113 << 23)), f32x4.splat(0.00006103515625));
  const special = v128.and(i32x4.ge_s(magnitude, i32x4.splat(31 << 23)), i32x4.splat(0x7f800000));
  const finite = v128.bitselect(small, normal, i32x4.lt_s(magnitude, i32x4.splat(1 << 23)));
  return v128.or(v128.or(finite, special), sign);
}

// @ts-ignore: decorator
@inline
export function narrowBfloat16(value: v128): v128 {
  const magnitude = v128.and(value, i32x4.splat(0x7fffffff));
  const high = i32x4.shr_u(value, 16);
  const odd = v128.and(high, i32x4.splat(1));
  const rounded = i32x4.shr_u(i32x4.add(i32x4.add(value, i32x4.splat(0x7fff)), odd), 16);
  const isNaN = i32x4.gt_s(magnitude, i32x4.splat(0x7f800000));
  return v128.bitselect(v128.or(high, i32x4.splat(0x40)), rounded, isNaN);
}

// @ts-ignore: decorator
@inline
export function narrowFloat16(value: v128): v128 {
  const magnitude = v128.and(value, i32x4.splat(0x7fffffff));
  const sign = v128.and(i32x4.shr_u(value, 16), i32x4.splat(0x8000));
  const odd = v128.and(i32x4.shr_u(magnitude, 13), i32x4.splat(1));
  const rounded = i32x4.add(i32x4.add(magnitude, i32x4.splat(0xfff - (112 << 23))), odd);
  const normal = i32x4.min_s(i32x4.shr_u(rounded, 13), i32x4.splat(0x7c00));
  // The spacing of float32 at 0.5 is that of the binary16 subnormals, 2⁻²⁴: adding 0.5 rounds.
  const small = i32x4.sub(f32x4.add(magnitude, f32x4.splat(0.5)), i32x4.splat(126 << 23));
  const finite = v128.bitselect(small, normal, i32x4.lt_s(magnitude, i32x4.splat(113 << 23)));
  const isNaN = i32x4.gt_s(magnitude, i32x4.splat(0x7f800000));
  return v128.or(v128.bitselect(i32x4.splat(0x7e00), finite, isNaN), sign);
}

/** Four 16-bit patterns as float32. */
// @ts-ignore: decorator
@inline
export function widen(bits: v128, dtype: i32): v128 {
  return dtype == BFLOAT16 ? widenBfloat16(bits) : widenFloat16(bits);
}

/** The 16-bit patterns of four float32. */
// @ts-ignore: decorator
@inline
export function narrow(value: v128, dtype: i32): v128 {
  return dtype == BFLOAT16 ? narrowBfloat16(value) : narrowFloat16(value);
}

/** Four consecutive elements as float32; any alignment. */
// @ts-ignore: decorator
@inline
export function loadFour(address: usize, dtype: i32): v128 {
  return dtype == FLOAT32 ? v128.load(address) : widen(v128.load_ext<u16>(address), dtype);
}

/** One element in lane 0 as float32; any alignment. */
// @ts-ignore: decorator
@inline
export function loadOne(address: usize, dtype: i32): v128 {
  return dtype == FLOAT32 ? v128.load_zero<u32>(address) : widen(i32x4.splat(load<u16>(address)), dtype);
}

/** Lane 0 of `value` as an element of `dtype`. */
// @ts-ignore: decorator
@inline
export function storeOne(address: usize, value: v128, dtype: i32): void {
  if (dtype == FLOAT32) v128.store_lane<u32>(address, value, 0);
  else v128.store_lane<u16>(address, narrow(value, dtype), 0);
}
