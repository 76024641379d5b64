import { float16ToNumber } from '../../../base/float16.ts';

/**
 * Q6_K, 256 values in 210 bytes, sixteen groups of 16, x = (d · scale) · (q − 32):
 *
 *       0  128 bytes: the low four bits; byte 64 · h + i has value 128 · h + i in the low half and 128 · h + 64 + i in the high
 *     128  64 bytes: the high two bits; byte 32 · h + i has values 128 · h + i, + 32, + 64, + 96 from its low bits up
 *     192  16 int8: scales
 *     208  float16 d
 */
export function dequantizeQ6_K(bytes: Uint8Array, values: Float32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, to = 0; to < values.length; at += 210, to += 256) {
    const d = float16ToNumber(view.getUint16(at + 208, true));
    for (let group = 0; group < 16; group++) {
      const scale = Math.fround(d * view.getInt8(at + 192 + group));
      const half = group >> 3;
      const low = at + 64 * half + 16 * (group & 3);
      const high = at + 128 + 32 * half + 16 * (group & 1);
      const lowShift = group & 4;
      const highShift = group & 6;
      for (let i = 0; i < 16; i++) {
        const code = ((bytes[low + i]! >> lowShift) & 15) | (((bytes[high + i]! >> highShift) & 3) << 4);
        values[to + 16 * group + i] = scale * (code - 32);
      }
    }
  }
}
