/** Element types a backend can hold. Activations are float32; weights may be 16 bits wide; indices are int32. */
export type DType = 'float32' | 'bfloat16' | 'float16' | 'int32';

/** Element types of weight matrices: each is kept in its own width in memory. */
export type WeightDType = 'float32' | 'bfloat16' | 'float16';

export const WEIGHT_DTYPES = ['float32', 'bfloat16', 'float16'] as const satisfies readonly WeightDType[];

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
