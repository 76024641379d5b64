import type { BlockType } from './block-type.ts';
import { dequantizeQ2_K } from './blocks/q2-k.ts';
import { dequantizeQ3_K } from './blocks/q3-k.ts';
import { dequantizeQ4_0 } from './blocks/q4-0.ts';
import { dequantizeQ4_1 } from './blocks/q4-1.ts';
import { dequantizeQ4_K } from './blocks/q4-k.ts';
import { dequantizeQ5_0 } from './blocks/q5-0.ts';
import { dequantizeQ5_1 } from './blocks/q5-1.ts';
import { dequantizeQ5_K } from './blocks/q5-k.ts';
import { dequantizeQ6_K } from './blocks/q6-k.ts';
import { dequantizeQ8_0 } from './blocks/q8-0.ts';

type Dequantize = (bytes: Uint8Array, values: Float32Array) => void;

const DEQUANTIZE: { readonly [Name in BlockType]: Dequantize } = {
  q4_0: dequantizeQ4_0,
  q4_1: dequantizeQ4_1,
  q5_0: dequantizeQ5_0,
  q5_1: dequantizeQ5_1,
  q8_0: dequantizeQ8_0,
  q2_k: dequantizeQ2_K,
  q3_k: dequantizeQ3_K,
  q4_k: dequantizeQ4_K,
  q5_k: dequantizeQ5_K,
  q6_k: dequantizeQ6_K,
};

/** Fills `values`, a whole number of blocks, with what the blocks in `bytes` stand for: the bits that llama.cpp's are. */
export function dequantizeBlocks(type: BlockType, bytes: Uint8Array, values: Float32Array): void {
  DEQUANTIZE[type](bytes, values);
}
