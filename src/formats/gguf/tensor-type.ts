import { STORED_BYTES, type StoredDType } from '../stored-dtype.ts';
import { BLOCK_SIZES, type BlockSize, type BlockType, isBlockType } from './block-type.ts';

/** The numbers that GGUF gives the types of tensors (`ggml_type`), as far as Kvasir reads them. */
export const TENSOR_TYPES: ReadonlyMap<number, StoredDType | BlockType> = new Map([
  [0, 'float32'],
  [1, 'float16'],
  [2, 'q4_0'],
  [3, 'q4_1'],
  [6, 'q5_0'],
  [7, 'q5_1'],
  [8, 'q8_0'],
  [10, 'q2_k'],
  [11, 'q3_k'],
  [12, 'q4_k'],
  [13, 'q5_k'],
  [14, 'q6_k'],
  [24, 'int8'],
  [25, 'int16'],
  [26, 'int32'],
  [27, 'int64'],
  [28, 'float64'],
  [30, 'bfloat16'],
]);

/** The block of a type; of one that stores its values one by one, a block is one value. */
export function blockSize(dtype: StoredDType | BlockType): BlockSize {
  return isBlockType(dtype) ? BLOCK_SIZES[dtype] : { elements: 1, bytes: STORED_BYTES[dtype] };
}
