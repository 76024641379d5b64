import { float16ToNumber, numberToFloat16 } from '../../../base/float16.ts';
import type { QuantizedValues } from '../../../quantized/quantized-matrix.ts';
import { extremes } from './block-extremes.ts';

/**
 * Q4_1, 32 values in 20 bytes, x = d · q + m:
 *
 *     0  float16 d
 *     2  float16 m
 *     4  16 bytes: q of values 0 … 15 in the low halves, of 16 … 31 in the high halves
 */
export function dequantizeQ4_1(bytes: Uint8Array, values: Float32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, to = 0; to < values.length; at += 20, to += 32) {
    const d = float16ToNumber(view.getUint16(at, true));
    const m = float16ToNumber(view.getUint16(at + 2, true));
    for (let i = 0; i < 16; i++) {
      const byte = bytes[at + 4 + i]!;
      values[to + i] = Math.fround(d * (byte & 15)) + m;
      values[to + 16 + i] = Math.fround(d * (byte >> 4)) + m;
    }
  }
}

/** The smallest value becomes q = 0, the largest q = 15 (`quantize_row_q4_1_ref`). */
export function quantizeQ4_1(values: Float32Array, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, from = 0; from < values.length; at += 20, from += 32) {
    const { min, max } = extremes(values, from);
    const d = Math.fround(Math.fround(max - min) / 15);
    const inverse = d === 0 ? 0 : Math.fround(1 / d);
    const code = (i: number) => {
      const scaled = Math.fround(Math.fround(values[from + i]! - min) * inverse);
      return Math.min(15, Math.trunc(Math.fround(scaled + 0.5)) & 255);
    };
    view.setUint16(at, numberToFloat16(d), true);
    view.setUint16(at + 2, numberToFloat16(min), true);
    for (let i = 0; i < 16; i++) bytes[at + 4 + i] = code(i) | (code(i + 16) << 4);
  }
}

/** Codes q, and m as the minimum. */
export function codesOfQ4_1(bytes: Uint8Array, { codes, scales, minima }: QuantizedValues): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, block = 0; at < bytes.length; at += 20, block++) {
    scales[block] = float16ToNumber(view.getUint16(at, true));
    minima![block] = float16ToNumber(view.getUint16(at + 2, true));
    for (let i = 0; i < 16; i++) {
      const byte = bytes[at + 4 + i]!;
      codes[32 * block + i] = byte & 15;
      codes[32 * block + 16 + i] = byte >> 4;
    }
  }
}
