/**
 * Scales and minimums of Q4_K and Q5_K: eight of each, six bits long, in 12 bytes. Bytes 0 … 3 have the first four scales
 * and bytes 4 … 7 the first four minimums in their low six bits; bytes 8 … 11 have the low four bits of the others (scales in
 * the low halves), whose high two bits are the high bits of bytes 0 … 7.
 */
export function scaleOf(bytes: Uint8Array, at: number, group: number): number {
  if (group < 4) return bytes[at + group]! & 63;
  return (bytes[at + 4 + group]! & 15) | ((bytes[at + group - 4]! >> 6) << 4);
}

/** The minimum of a group, as `scaleOf` describes. */
export function minOf(bytes: Uint8Array, at: number, group: number): number {
  if (group < 4) return bytes[at + 4 + group]! & 63;
  return (bytes[at + 4 + group]! >> 4) | ((bytes[at + group]! >> 6) << 4);
}
