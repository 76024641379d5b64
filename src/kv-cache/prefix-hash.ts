/**
 * A 32-bit hash of the 32-bit integers `values[start … end − 1]` that goes on from `seed`, the hash of what is before them
 * (MurmurHash3, Appleby 2011).
 */
export function chainedHash(seed: number, values: ArrayLike<number>, start: number, end: number): number {
  let hash = seed;
  for (let i = start; i < end; i++) {
    let bits = Math.imul(values[i]!, 0xcc9e2d51);
    bits = Math.imul((bits << 15) | (bits >>> 17), 0x1b873593);
    hash ^= bits;
    hash = Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64;
  }
  hash ^= end - start;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** A 32-bit hash of a text. */
export function textHash(text: string): number {
  const codes = Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
  return chainedHash(0, codes, 0, codes.length);
}
