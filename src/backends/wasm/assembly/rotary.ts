// Rotary position embedding: each pair (a, b) becomes (a·cos − b·sin, b·cos + a·sin). Plain multiplications and additions,
// so that a vector and a single pair give the same bits.

import { firstItem } from './linear-layout';

/** input (tokens, heads, headSize), cosines and sines (tokens, rotarySize / 2). */
export function rotate(
  output: usize, input: usize, cosines: usize, sines: usize, tokens: i32, heads: i32, headSize: i32, rotarySize: i32,
  interleaved: i32, thread: i32, threads: i32,
): void {
  const half = rotarySize >> 1;
  const bytes = <usize>headSize << 2;
  const rest = <usize>(headSize - rotarySize) << 2;
  const end = firstItem(tokens * heads, thread + 1, threads);
  for (let i = firstItem(tokens * heads, thread, threads); i < end; i++) {
    const angles = <usize>(i / heads * half) << 2;
    const to = output + <usize>i * bytes;
    const from = input + <usize>i * bytes;
    if (interleaved) rotateNeighbours(to, from, cosines + angles, sines + angles, half);
    else rotateHalves(to, from, cosines + angles, sines + angles, half);
    if (rest > 0 && to != from) memory.copy(to + bytes - rest, from + bytes - rest, rest);
  }
}

/** Pair i is elements i and i + half. */
function rotateHalves(to: usize, from: usize, cosines: usize, sines: usize, half: i32): void {
  const second = <usize>half << 2;
  let left = half;
  for (; left >= 4; left -= 4, to += 16, from += 16, cosines += 16, sines += 16) {
    const a = v128.load(from);
    const b = v128.load(from + second);
    const c = v128.load(cosines);
    const s = v128.load(sines);
    v128.store(to, f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s)));
    v128.store(to + second, f32x4.add(f32x4.mul(b, c), f32x4.mul(a, s)));
  }
  for (; left > 0; left--, to += 4, from += 4, cosines += 4, sines += 4) {
    rotatePair(to, to + second, load<f32>(from), load<f32>(from + second), load<f32>(cosines), load<f32>(sines));
  }
}

/** Pair i is elements 2i and 2i + 1. */
function rotateNeighbours(to: usize, from: usize, cosines: usize, sines: usize, half: i32): void {
  let left = half;
  for (; left >= 4; left -= 4, to += 32, from += 32, cosines += 16, sines += 16) {
    const first = v128.load(from);
    const second = v128.load(from, 16);
    const a = v128.shuffle<i32>(first, second, 0, 2, 4, 6);
    const b = v128.shuffle<i32>(first, second, 1, 3, 5, 7);
    const c = v128.load(cosines);
    const s = v128.load(sines);
    const x = f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s));
    const y = f32x4.add(f32x4.mul(b, c), f32x4.mul(a, s));
    v128.store(to, v128.shuffle<i32>(x, y, 0, 4, 1, 5));
    v128.store(to, v128.shuffle<i32>(x, y, 2, 6, 3, 7), 16);
  }
  for (; left > 0; left--, to += 8, from += 8, cosines += 4, sines += 4) {
    rotatePair(to, to + 4, load<f32>(from), load<f32>(from, 4), load<f32>(cosines), load<f32>(sines));
  }
}

// @ts-ignore: decorator
@inline
function rotatePair(first: usize, second: usize, a: f32, b: f32, cosine: f32, sine: f32): void {
  store<f32>(first, a * cosine - b * sine);
  store<f32>(second, b * cosine + a * sine);
}
