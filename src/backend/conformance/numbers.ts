import { philox } from '../../base/random.ts';

/**
 * `length` float32 numbers spread evenly over ±amplitude, always the same for a seed. Philox picks the stream; within it
 * comes a counter through the finalizer of MurmurHash3 (Appleby 2011), since millions of numbers must take milliseconds.
 */
export function randomFloats(seed: number, length: number, amplitude = 1): Float32Array {
  const [stream] = philox(seed, 0);
  const numbers = new Float32Array(length);
  for (let i = 0; i < length; i++) numbers[i] = (mix(stream + Math.imul(i, 0x9e3779b9)) / 2 ** 31) * amplitude;
  return numbers;
}

/** `length` integers in 0 … limit − 1, always the same for a seed. */
export function randomInts(seed: number, length: number, limit: number): Int32Array {
  return Int32Array.from(randomFloats(seed, length), (x) => Math.min(limit - 1, Math.floor(((x + 1) / 2) * limit)));
}

/** 0 … length − 1 in a random order, always the same for a seed. */
export function randomPermutation(seed: number, length: number): number[] {
  const keys = randomFloats(seed, length);
  return Array.from({ length }, (_, i) => i).sort((a, b) => keys[a]! - keys[b]!);
}

/** The numbers of all parts, one part after the other. */
export function concatenate(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let start = 0;
  for (const part of parts) {
    whole.set(part, start);
    start += part.length;
  }
  return whole;
}

/** A signed 32-bit hash of 32 bits. */
function mix(bits: number): number {
  let h = bits | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
