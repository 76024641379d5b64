/**
 * How GGUF packs weights of few bits: a row is cut into blocks of 32 or 256 values, and each block holds its codes with
 * the scales that turn them into numbers.
 */
export type BlockType = 'q4_0' | 'q4_1' | 'q5_0' | 'q5_1' | 'q8_0' | 'q2_k' | 'q3_k' | 'q4_k' | 'q5_k' | 'q6_k';

export interface BlockSize {
  /** Values of a block. */
  readonly elements: number;
  /** Bytes of a block. */
  readonly bytes: number;
}

export const BLOCK_SIZES: { readonly [Name in BlockType]: BlockSize } = {
  q4_0: { elements: 32, bytes: 18 },
  q4_1: { elements: 32, bytes: 20 },
  q5_0: { elements: 32, bytes: 22 },
  q5_1: { elements: 32, bytes: 24 },
  q8_0: { elements: 32, bytes: 34 },
  q2_k: { elements: 256, bytes: 84 },
  q3_k: { elements: 256, bytes: 110 },
  q4_k: { elements: 256, bytes: 144 },
  q5_k: { elements: 256, bytes: 176 },
  q6_k: { elements: 256, bytes: 210 },
};

/** Whether a stored type is one of blocks. */
export function isBlockType(dtype: string): dtype is BlockType {
  return Object.hasOwn(BLOCK_SIZES, dtype);
}
