import { float16ToNumber } from '../../../base/float16.ts';
import type { QuantizedValues } from '../../../quantized/quantized-matrix.ts';
import { minOf, scaleOf } from './scale-and-min.ts';

/**
 * Q4_K, 256 values in 144 bytes, eight groups of 32, x = (d · scale) · q − (dmin · min):
 *
 *      0  float16 d
 *      2  float16 dmin
 *      4  12 bytes: scales and minimums
 *     16  128 bytes: byte 32 · k + i has value 64 · k + i in the low half and 64 · k + 32 + i in the high half
 */
export function dequantizeQ4_K(bytes: Uint8Array, values: Float32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, to = 0; to < values.length; at += 144, to += 256) {
    const d = float16ToNumber(view.getUint16(at, true));
    const dmin = float16ToNumber(view.getUint16(at + 2, true));
    for (let group = 0; group < 8; group++) {
      const scale = Math.fround(d * scaleOf(bytes, at + 4, group));
      const min = Math.fround(dmin * minOf(bytes, at + 4, group));
      const codes = at + 16 + 32 * (group >> 1);
      const shift = 4 * (group & 1);
      for (let i = 0; i < 32; i++)
        values[to + 32 * group + i] = Math.fround(scale * ((bytes[codes + i]! >> shift) & 15)) - min;
    }
  }
}

/** Codes q, scales and minima of the groups as float32. */
export function codesOfQ4_K(bytes: Uint8Array, { codes, scales, minima }: QuantizedValues): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, first = 0; at < bytes.length; at += 144, first += 8) {
    const d = float16ToNumber(view.getUint16(at, true));
    const dmin = float16ToNumber(view.getUint16(at + 2, true));
    for (let group = 0; group < 8; group++) {
      scales[first + group] = d * scaleOf(bytes, at + 4, group);
      minima![first + group] = -(dmin * minOf(bytes, at + 4, group));
      const from = at + 16 + 32 * (group >> 1);
      const shift = 4 * (group & 1);
      for (let i = 0; i < 32; i++) codes[32 * (first + group) + i] = (bytes[from + i]! >> shift) & 15;
    }
  }
}
