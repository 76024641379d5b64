import { float16ToNumber } from '../../../base/float16.ts';

/**
 * Q2_K, 256 values in 84 bytes, sixteen groups of 16, x = (d · scale) · q − (dmin · min):
 *
 *      0  16 bytes: a group's scale in the low half, its min in the high half
 *     16  64 bytes: two bits a value; byte 32 · h + i has values 128 · h + i, + 32, + 64, + 96 from its low bits up
 *     80  float16 d
 *     82  float16 dmin
 */
export function dequantizeQ2_K(bytes: Uint8Array, values: Float32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, to = 0; to < values.length; at += 84, to += 256) {
    const d = float16ToNumber(view.getUint16(at + 80, true));
    const dmin = float16ToNumber(view.getUint16(at + 82, true));
    for (let group = 0; group < 16; group++) {
      const byte = bytes[at + group]!;
      const scale = Math.fround(d * (byte & 15));
      const min = Math.fround(dmin * (byte >> 4));
      const codes = at + 16 + 32 * (group >> 3) + 16 * (group & 1);
      const shift = (group & 6) as 0 | 2 | 4 | 6;
      for (let i = 0; i < 16; i++)
        values[to + 16 * group + i] = Math.fround(scale * ((bytes[codes + i]! >> shift) & 3)) - min;
    }
  }
}
