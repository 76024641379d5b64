import { numberToFloat16 } from '../../base/float16.ts';
import type { QuantizationScheme } from '../../quantized/quantization-scheme.ts';
import type { QuantizedMatrix } from '../../quantized/quantized-matrix.ts';

/** Block types that keep the codes of a scheme. */
export type CodeBlockType = 'q8_0' | 'q4_0' | 'q4_1';

const SIZE = 32;

/** The block type that keeps the codes of a scheme; undefined where GGUF has none. */
export function blocksOfScheme({
  bits,
  groupSize,
  isSymmetric,
  scaleDType,
}: QuantizationScheme): CodeBlockType | undefined {
  if (groupSize !== SIZE || scaleDType !== 'float16') return undefined;
  if (bits === 8) return 'q8_0';
  return isSymmetric ? 'q4_0' : 'q4_1';
}

/**
 * The codes of a matrix whose rows are whole blocks, as blocks: what they stand for is the same to the bit, but for the minima of
 * Q4_1, which are rounded to float16.
 */
export function encodeCodes(type: CodeBlockType, matrix: QuantizedMatrix): Uint8Array<ArrayBuffer> {
  const { codes, scales, minima } = matrix;
  const head = type === 'q4_1' ? 4 : 2;
  const length = head + (type === 'q8_0' ? SIZE : SIZE / 2);
  const bytes = new Uint8Array(scales.length * length);
  const view = new DataView(bytes.buffer);
  for (let block = 0; block < scales.length; block++) {
    const at = block * length;
    view.setUint16(at, numberToFloat16(scales[block]!), true);
    if (minima !== undefined) view.setUint16(at + 2, numberToFloat16(minima[block]!), true);
    const values = codes.subarray(block * SIZE, (block + 1) * SIZE);
    if (type === 'q8_0') for (let i = 0; i < SIZE; i++) view.setInt8(at + head + i, values[i]!);
    else encodeHalves(bytes.subarray(at + head, at + length), values, type === 'q4_0' ? 8 : 0);
  }
  return bytes;
}

/** Codes 0 … 15 in the low halves of the bytes, 16 … 31 in the high ones. */
function encodeHalves(bytes: Uint8Array, codes: Int8Array, offset: number): void {
  for (let i = 0; i < SIZE / 2; i++) bytes[i] = (codes[i]! + offset) | ((codes[i + SIZE / 2]! + offset) << 4);
}
