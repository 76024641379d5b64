import { float16ToNumber, numberToFloat16 } from '../../../base/float16.ts';
import type { QuantizedValues } from '../../../quantized/quantized-matrix.ts';
import { largestMagnitude } from './block-extremes.ts';

/**
 * Q5_0, 32 values in 22 bytes, x = d · (q − 16):
 *
 *     0  float16 d
 *     2  uint32: bit i is the fifth bit of value i's q
 *     6  16 bytes: low four bits of values 0 … 15 in the low halves, of 16 … 31 in the high halves
 */
export function dequantizeQ5_0(bytes: Uint8Array, values: Float32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, to = 0; to < values.length; at += 22, to += 32) {
    const d = float16ToNumber(view.getUint16(at, true));
    const high = view.getUint32(at + 2, true);
    for (let i = 0; i < 16; i++) {
      const byte = bytes[at + 6 + i]!;
      values[to + i] = d * (((byte & 15) | (((high >>> i) & 1) << 4)) - 16);
      values[to + 16 + i] = d * (((byte >> 4) | (((high >>> (i + 16)) & 1) << 4)) - 16);
    }
  }
}

/** The value farthest from zero becomes q = 0 (`quantize_row_q5_0_ref`). */
export function quantizeQ5_0(values: Float32Array, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, from = 0; from < values.length; at += 22, from += 32) {
    const d = Math.fround(largestMagnitude(values, from) / -16);
    const inverse = d === 0 ? 0 : Math.fround(1 / d);
    const code = (i: number) =>
      Math.min(31, Math.trunc(Math.fround(Math.fround(values[from + i]! * inverse) + 16.5)) & 255);
    view.setUint16(at, numberToFloat16(d), true);
    let high = 0;
    for (let i = 0; i < 16; i++) {
      const [low, upper] = [code(i), code(i + 16)];
      bytes[at + 6 + i] = (low & 15) | ((upper & 15) << 4);
      high |= ((low >> 4) << i) | ((upper >> 4) << (i + 16));
    }
    view.setUint32(at + 2, high >>> 0, true);
  }
}

/** Codes q − 16, of 8 bits. */
export function codesOfQ5_0(bytes: Uint8Array, { codes, scales }: QuantizedValues): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, block = 0; at < bytes.length; at += 22, block++) {
    scales[block] = float16ToNumber(view.getUint16(at, true));
    const high = view.getUint32(at + 2, true);
    for (let i = 0; i < 16; i++) {
      const byte = bytes[at + 6 + i]!;
      codes[32 * block + i] = ((byte & 15) | (((high >>> i) & 1) << 4)) - 16;
      codes[32 * block + 16 + i] = ((byte >> 4) | (((high >>> (i + 16)) & 1) << 4)) - 16;
    }
  }
}
