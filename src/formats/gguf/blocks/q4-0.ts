import { float16ToNumber, numberToFloat16 } from '../../../base/float16.ts';
import type { QuantizedValues } from '../../../quantized/quantized-matrix.ts';
import { largestMagnitude } from './block-extremes.ts';

/**
 * Q4_0, 32 values in 18 bytes, x = d · (q − 8):
 *
 *     0  float16 d
 *     2  16 bytes: q of values 0 … 15 in the low halves, of 16 … 31 in the high halves
 */
export function dequantizeQ4_0(bytes: Uint8Array, values: Float32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, to = 0; to < values.length; at += 18, to += 32) {
    const d = float16ToNumber(view.getUint16(at, true));
    for (let i = 0; i < 16; i++) {
      const byte = bytes[at + 2 + i]!;
      values[to + i] = d * ((byte & 15) - 8);
      values[to + 16 + i] = d * ((byte >> 4) - 8);
    }
  }
}

/** The value farthest from zero becomes q = 0, so that d has the other sign (`quantize_row_q4_0_ref`). */
export function quantizeQ4_0(values: Float32Array, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, from = 0; from < values.length; at += 18, from += 32) {
    const d = Math.fround(largestMagnitude(values, from) / -8);
    const inverse = d === 0 ? 0 : Math.fround(1 / d);
    const code = (i: number) =>
      Math.min(15, Math.trunc(Math.fround(Math.fround(values[from + i]! * inverse) + 8.5)) & 255);
    view.setUint16(at, numberToFloat16(d), true);
    for (let i = 0; i < 16; i++) bytes[at + 2 + i] = code(i) | (code(i + 16) << 4);
  }
}

/** Codes q − 8. */
export function codesOfQ4_0(bytes: Uint8Array, { codes, scales }: QuantizedValues): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, block = 0; at < bytes.length; at += 18, block++) {
    scales[block] = float16ToNumber(view.getUint16(at, true));
    for (let i = 0; i < 16; i++) {
      const byte = bytes[at + 2 + i]!;
      codes[32 * block + i] = (byte & 15) - 8;
      codes[32 * block + 16 + i] = (byte >> 4) - 8;
    }
  }
}
