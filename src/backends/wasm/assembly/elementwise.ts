// copy, fill, add, multiply, scale. An allocation is a multiple of 64 bytes, so whole vectors may be read and written past
// the last element.

import { firstElement } from './lanes';
import { firstItem } from './linear-layout';

export function copy(output: usize, input: usize, bytes: usize, thread: i32, threads: i32): void {
  const lines = <i32>((bytes + 63) >> 6);
  const begin = <usize>firstItem(lines, thread, threads) << 6;
  const end = min<usize>(bytes, <usize>firstItem(lines, thread + 1, threads) << 6);
  if (begin < end) memory.copy(output + begin, input + begin, end - begin);
}

/** Every four-byte element = `bits`. */
export function fill(output: usize, bits: i32, length: i32, thread: i32, threads: i32): void {
  const begin = output + (<usize>firstElement(length, thread, threads) << 2);
  const end = output + (<usize>firstElement(length, thread + 1, threads) << 2);
  const value = i32x4.splat(bits);
  for (let to = begin; to < end; to += 16) v128.store(to, value);
}

/** output[i] = a[i] + b[i mod bLength] */
export function add(
  output: usize, a: usize, b: usize, length: i32, bLength: i32, thread: i32, threads: i32,
): void {
  combine(true, output, a, b, length, bLength, thread, threads);
}

/** output[i] = a[i] · b[i mod bLength] */
export function multiply(
  output: usize, a: usize, b: usize, length: i32, bLength: i32, thread: i32, threads: i32,
): void {
  combine(false, output, a, b, length, bLength, thread, threads);
}

export function scale(
  output: usize, input: usize, factor: f32, length: i32, thread: i32, threads: i32,
): void {
  const begin = <usize>firstElement(length, thread, threads) << 2;
  combineOne(false, output + begin, input + begin, factor, firstElement(length, thread + 1, threads) - <i32>(begin >> 2));
}

// @ts-ignore: decorator
@inline
function combine(
  isSum: bool, output: usize, a: usize, b: usize, length: i32, bLength: i32, thread: i32, threads: i32,
): void {
  let i = firstElement(length, thread, threads);
  const end = firstElement(length, thread + 1, threads);
  let at = <usize>i << 2;
  if (bLength == length) {
    combineVectors(isSum, output + at, a + at, b + at, end - i);
  } else if (bLength == 1) {
    combineOne(isSum, output + at, a + at, load<f32>(b), end - i);
  } else {
    let j = i % bLength;
    while (i < end) {
      const count = min(bLength - j, end - i);
      combineExactly(isSum, output + at, a + at, b + (<usize>j << 2), count);
      i += count;
      at = <usize>i << 2;
      j = 0;
    }
  }
}

// @ts-ignore: decorator
@inline
function combineVectors(isSum: bool, output: usize, a: usize, b: usize, length: i32): void {
  const end = output + (<usize>length << 2);
  for (; output < end; output += 16, a += 16, b += 16) {
    v128.store(output, sumOrProduct(isSum, v128.load(a), v128.load(b)));
  }
}

// @ts-ignore: decorator
@inline
function combineOne(isSum: bool, output: usize, a: usize, b: f32, length: i32): void {
  const value = f32x4.splat(b);
  const end = output + (<usize>length << 2);
  for (; output < end; output += 16, a += 16) v128.store(output, sumOrProduct(isSum, v128.load(a), value));
}

// Not a byte past the last element: the next row begins there.
// @ts-ignore: decorator
@inline
function combineExactly(isSum: bool, output: usize, a: usize, b: usize, length: i32): void {
  const vectorEnd = output + (<usize>(length & ~3) << 2);
  const end = output + (<usize>length << 2);
  for (; output < vectorEnd; output += 16, a += 16, b += 16) {
    v128.store(output, sumOrProduct(isSum, v128.load(a), v128.load(b)));
  }
  for (; output < end; output += 4, a += 4, b += 4) {
    store<f32>(output, isSum ? load<f32>(a) + load<f32>(b) : load<f32>(a) * load<f32>(b));
  }
}

// @ts-ignore: decorator
@inline
function sumOrProduct(isSum: bool, a: v128, b: v128): v128 {
  return isSum ? f32x4.add(a, b) : f32x4.mul(a, b);
}
