import type { CacheDType } from '../../../backend/dtype.ts';
import {
  bfloat16ToNumber,
  float16ToNumber,
  numberToBfloat16,
  numberToFloat16,
  roundHalfToEven,
} from '../../../base/float16.ts';

/** The keys or values of heads (…, headSize) as a cache of this element type holds them. */
export function roundForCache(rows: Float32Array, dtype: CacheDType, headSize: number): Float32Array {
  switch (dtype) {
    case 'float32':
      return rows;
    case 'bfloat16':
      return rows.map((x) => bfloat16ToNumber(numberToBfloat16(x)));
    case 'float16':
      return rows.map((x) => float16ToNumber(numberToFloat16(x)));
    case 'int8': {
      const rounded = new Float32Array(rows.length);
      for (let start = 0; start < rows.length; start += headSize)
        rounded.set(roundToCodes(rows.subarray(start, start + headSize)), start);
      return rounded;
    }
    default:
      dtype satisfies never;
      throw new TypeError(`Cannot round for a cache: unknown dtype ${JSON.stringify(dtype)}`);
  }
}

/** Codes −127 to 127 times their scale; the product is exact, and the same again when it is rounded anew. */
function roundToCodes(head: Float32Array): Float32Array {
  const scale = scaleOf(head.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0));
  return head.map((x) => {
    const code = roundHalfToEven(Math.fround(x / scale));
    return (Number.isNaN(code) ? 0 : Math.max(-127, Math.min(127, code))) * scale;
  });
}

const float32 = new Float32Array(1);
const bits32 = new Uint32Array(float32.buffer);

/** largest / 127, rounded up to 16 significant bits; 0 below 2⁻¹⁰⁰, so that no scale is of denormal size. */
function scaleOf(largest: number): number {
  if (largest < 2 ** -100) return 0;
  float32[0] = largest / 127;
  bits32[0] = (bits32[0]! + 0xff) & ~0xff;
  return float32[0]!;
}
