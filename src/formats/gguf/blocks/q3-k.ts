import { float16ToNumber } from '../../../base/float16.ts';

/**
 * Q3_K, 256 values in 110 bytes, sixteen groups of 16, x = (d · (scale − 32)) · (q − 4):
 *
 *       0  32 bytes: the third bit of q; bit j of byte i is that of value 32 · j + i
 *      32  64 bytes: the low two bits; byte 32 · h + i has values 128 · h + i, + 32, + 64, + 96 from its low bits up
 *      96  12 bytes: six bits a scale, the low four in bytes 0 … 7 (groups 0 … 7 in the low halves), the high two in
 *          bytes 8 … 11 (group 4 · k + j in byte 8 + j, bits 2 · k and 2 · k + 1)
 *     108  float16 d
 */
export function dequantizeQ3_K(bytes: Uint8Array, values: Float32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, to = 0; to < values.length; at += 110, to += 256) {
    const d = float16ToNumber(view.getUint16(at + 108, true));
    for (let group = 0; group < 16; group++) {
      const scale = Math.fround(d * (scaleOf(bytes, at + 96, group) - 32));
      const first = 16 * (group & 1);
      const codes = at + 32 + 32 * (group >> 3) + first;
      const shift = group & 6;
      for (let i = 0; i < 16; i++) {
        const high = (bytes[at + first + i]! >> (group >> 1)) & 1;
        values[to + 16 * group + i] = scale * (((bytes[codes + i]! >> shift) & 3) + 4 * high - 4);
      }
    }
  }
}

function scaleOf(bytes: Uint8Array, at: number, group: number): number {
  const low = bytes[at + (group & 7)]! >> (group < 8 ? 0 : 4);
  const high = bytes[at + 8 + (group & 3)]! >> (2 * (group >> 2));
  return (low & 15) | ((high & 3) << 4);
}
