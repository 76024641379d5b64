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

/** Bytes of one element. Throws a `TypeError` for an unknown dtype. */
export function bytesPerElement(dtype: DType): number {
  switch (dtype) {
    case 'float32':
    case 'int32':
      return 4;
    case 'bfloat16':
    case 'float16':
      return 2;
    default:
      dtype satisfies never;
      throw new TypeError(`Cannot size an element: unknown dtype ${JSON.stringify(dtype)}`);
  }
}
