import { float16ToNumber, numberToFloat16 } from '../../../base/float16.ts';
import type { QuantizedValues } from '../../../quantized/quantized-matrix.ts';
import { largestMagnitude } from './block-extremes.ts';

/**
 * Q8_0, 32 values in 34 bytes, x = d · q:
 *
 *     0  float16 d
 *     2  32 int8: q
 */
export function dequantizeQ8_0(bytes: Uint8Array, values: Float32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, to = 0; to < values.length; at += 34, to += 32) {
    const d = float16ToNumber(view.getUint16(at, true));
    for (let i = 0; i < 32; i++) values[to + i] = d * view.getInt8(at + 2 + i);
  }
}

/** The largest magnitude becomes 127; codes are rounded half away from zero (`quantize_row_q8_0_ref`). */
export function quantizeQ8_0(values: Float32Array, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, from = 0; from < values.length; at += 34, from += 32) {
    const d = Math.fround(Math.abs(largestMagnitude(values, from)) / 127);
    const inverse = d === 0 ? 0 : Math.fround(1 / d);
    view.setUint16(at, numberToFloat16(d), true);
    for (let i = 0; i < 32; i++) view.setInt8(at + 2 + i, roundAway(Math.fround(values[from + i]! * inverse)));
  }
}

function roundAway(value: number): number {
  const magnitude = Math.floor(Math.abs(value) + 0.5);
  return value < 0 ? -magnitude : magnitude;
}

/** The codes as they are. */
export function codesOfQ8_0(bytes: Uint8Array, { codes, scales }: QuantizedValues): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, block = 0; at < bytes.length; at += 34, block++) {
    scales[block] = float16ToNumber(view.getUint16(at, true));
    for (let i = 0; i < 32; i++) codes[32 * block + i] = bytes[at + 2 + i]!;
  }
}
