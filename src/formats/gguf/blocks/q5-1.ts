import { float16ToNumber, numberToFloat16 } from '../../../base/float16.ts';
import { extremes } from './block-extremes.ts';

/**
 * Q5_1, 32 values in 24 bytes, x = d · q + m:
 *
 *     0  float16 d
 *     2  float16 m
 *     4  uint32: bit i is the fifth bit of value i's q
 *     8  16 bytes: low four bits of values 0 … 15 in the low halves, of 16 … 31 in the high halves
 */
export function dequantizeQ5_1(bytes: Uint8Array, values: Float32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, to = 0; to < values.length; at += 24, to += 32) {
    const d = float16ToNumber(view.getUint16(at, true));
    const m = float16ToNumber(view.getUint16(at + 2, true));
    const high = view.getUint32(at + 4, true);
    for (let i = 0; i < 16; i++) {
      const byte = bytes[at + 8 + i]!;
      values[to + i] = Math.fround(d * ((byte & 15) | (((high >>> i) & 1) << 4))) + m;
      values[to + 16 + i] = Math.fround(d * ((byte >> 4) | (((high >>> (i + 16)) & 1) << 4))) + m;
    }
  }
}

/** The smallest value becomes q = 0, the largest q = 31 (`quantize_row_q5_1_ref`). */
export function quantizeQ5_1(values: Float32Array, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, from = 0; from < values.length; at += 24, from += 32) {
    const { min, max } = extremes(values, from);
    const d = Math.fround(Math.fround(max - min) / 31);
    const inverse = d === 0 ? 0 : Math.fround(1 / d);
    const code = (i: number) => {
      const scaled = Math.fround(Math.fround(values[from + i]! - min) * inverse);
      return Math.min(31, Math.trunc(Math.fround(scaled + 0.5)) & 255);
    };
    view.setUint16(at, numberToFloat16(d), true);
    view.setUint16(at + 2, numberToFloat16(min), true);
    let high = 0;
    for (let i = 0; i < 16; i++) {
      const [low, upper] = [code(i), code(i + 16)];
      bytes[at + 8 + i] = (low & 15) | ((upper & 15) << 4);
      high |= ((low >> 4) << i) | ((upper >> 4) << (i + 16));
    }
    view.setUint32(at + 4, high >>> 0, true);
  }
}
