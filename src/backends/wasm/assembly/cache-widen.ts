// Blocks of a narrow cache as float32, in the layout of a cache of one block: what the kernels of attention read.

import { INT8, PART, PART_BLOCK_BYTES } from './cache-layout';
import { widen } from './convert';
import { BFLOAT16, FLOAT16 } from './linear-layout';

/** The keys [D][16] of a block; `scales` (16) are those of codes. */
export function widenKeys(to: usize, from: usize, headSize: i32, dtype: i32, scales: usize): void {
  if (dtype == BFLOAT16) widenHalves(to, from, headSize * 2, BFLOAT16);
  else if (dtype == INT8) widenKeyCodes(to, from, headSize, scales);
  else widenHalves(to, from, headSize * 2, FLOAT16);
}

/** The values of a block, [part][16 tokens][8]; its parts lie `partBytes` apart at `from`. */
export function widenValues(to: usize, from: usize, partBytes: usize, headSize: i32, dtype: i32, scales: usize): void {
  for (let d = 0; d < headSize; d += PART, from += partBytes, to += PART_BLOCK_BYTES) {
    if (dtype == BFLOAT16) widenHalves(to, from, 16, BFLOAT16);
    else if (dtype == INT8) widenValueCodes(to, from, scales);
    else widenHalves(to, from, 16, FLOAT16);
  }
}

/** `count` times eight elements. */
// @ts-ignore: decorator
@inline
function widenHalves(to: usize, from: usize, count: i32, dtype: i32): void {
  for (const end = from + (<usize>count << 4); from < end; from += 16, to += 32) {
    const bits = v128.load(from);
    v128.store(to, widen(i32x4.extend_low_i16x8_u(bits), dtype));
    v128.store(to, widen(i32x4.extend_high_i16x8_u(bits), dtype), 16);
  }
}

function widenKeyCodes(to: usize, from: usize, headSize: i32, scales: usize): void {
  const s0 = v128.load(scales), s1 = v128.load(scales, 16), s2 = v128.load(scales, 32), s3 = v128.load(scales, 48);
  for (const end = from + (<usize>headSize << 4); from < end; from += 16, to += 64) {
    const codes = v128.load(from);
    const low = i16x8.extend_low_i8x16_s(codes), high = i16x8.extend_high_i8x16_s(codes);
    v128.store(to, scaled(i32x4.extend_low_i16x8_s(low), s0));
    v128.store(to, scaled(i32x4.extend_high_i16x8_s(low), s1), 16);
    v128.store(to, scaled(i32x4.extend_low_i16x8_s(high), s2), 32);
    v128.store(to, scaled(i32x4.extend_high_i16x8_s(high), s3), 48);
  }
}

function widenValueCodes(to: usize, from: usize, scales: usize): void {
  for (const end = scales + 64; scales < end; scales += 4, from += 8, to += 32) {
    const scale = v128.load_splat<f32>(scales);
    const codes = i16x8.extend_low_i8x16_s(v128.load_zero<u64>(from));
    v128.store(to, scaled(i32x4.extend_low_i16x8_s(codes), scale));
    v128.store(to, scaled(i32x4.extend_high_i16x8_s(codes), scale), 16);
  }
}

// @ts-ignore: decorator
@inline
function scaled(codes: v128, scale: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(codes), scale);
}
