import { float16ToNumber } from '../../../base/float16.ts';
import { minOf, scaleOf } from './scale-and-min.ts';

/**
 * Q5_K, 256 values in 176 bytes, eight groups of 32, x = (d · scale) · q − (dmin · min):
 *
 *      0  float16 d
 *      2  float16 dmin
 *      4  12 bytes: scales and minimums
 *     16  32 bytes: the fifth bit of q; bit j of byte i is that of value 32 · j + i
 *     48  128 bytes: byte 32 · k + i has value 64 · k + i in the low half and 64 · k + 32 + i in the high half
 */
export function dequantizeQ5_K(bytes: Uint8Array, values: Float32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, to = 0; to < values.length; at += 176, to += 256) {
    const d = float16ToNumber(view.getUint16(at, true));
    const dmin = float16ToNumber(view.getUint16(at + 2, true));
    for (let group = 0; group < 8; group++) {
      const scale = Math.fround(d * scaleOf(bytes, at + 4, group));
      const min = Math.fround(dmin * minOf(bytes, at + 4, group));
      const codes = at + 48 + 32 * (group >> 1);
      const shift = 4 * (group & 1);
      for (let i = 0; i < 32; i++) {
        const high = (bytes[at + 16 + i]! >> group) & 1;
        const code = ((bytes[codes + i]! >> shift) & 15) | (high << 4);
        values[to + 32 * group + i] = Math.fround(scale * code) - min;
      }
    }
  }
}
