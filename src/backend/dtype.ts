import type { QuantizationScheme } from '../quantized/quantization-scheme.ts';

/** Element types a backend can hold. Activations are float32; weights may be 16 bits wide; indices are int32. */
export type DType = 'float32' | 'bfloat16' | 'float16' | 'int32';

/** Element types of weight matrices: each is kept in its own width in memory. */
export type WeightDType = 'float32' | 'bfloat16' | 'float16';

/** Element types of weight matrices, those of codes included. */
export type MatrixDType = WeightDType | 'int8' | 'int4';

/** What a weight matrix is made of: floats, or codes in a scheme. */
export type MatrixFormat = WeightDType | QuantizationScheme;

export const WEIGHT_DTYPES = ['float32', 'bfloat16', 'float16'] as const satisfies readonly WeightDType[];

/** The element type of a format. */
export function matrixDType(format: MatrixFormat): MatrixDType {
  return typeof format === 'string' ? format : `int${format.bits}`;
}

/**
 * Element types of a KV cache. `int8`: each key and each value of a head is codes −127 to 127 with a float32 scale, its largest
 * magnitude over 127, rounded up to 16 significant bits.
 */
export type CacheDType = 'float32' | 'bfloat16' | 'float16' | 'int8';

export const CACHE_DTYPES = ['float32', 'bfloat16', 'float16', 'int8'] as const satisfies readonly CacheDType[];

/** Bytes of one element. Throws a `TypeError` for an unknown dtype. */
export function bytesPerElement(dtype: DType | CacheDType): number {
  switch (dtype) {
    case 'float32':
    case 'int32':
      return 4;
    case 'bfloat16':
    case 'float16':
      return 2;
    case 'int8':
      return 1;
    default:
      dtype satisfies never;
      throw new TypeError(`Cannot size an element: unknown dtype ${JSON.stringify(dtype)}`);
  }
}
