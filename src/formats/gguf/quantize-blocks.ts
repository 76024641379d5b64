import { BLOCK_SIZES } from './block-type.ts';
import { quantizeQ4_0 } from './blocks/q4-0.ts';
import { quantizeQ4_1 } from './blocks/q4-1.ts';
import { quantizeQ5_0 } from './blocks/q5-0.ts';
import { quantizeQ5_1 } from './blocks/q5-1.ts';
import { quantizeQ8_0 } from './blocks/q8-0.ts';

const QUANTIZE = {
  q4_0: quantizeQ4_0,
  q4_1: quantizeQ4_1,
  q5_0: quantizeQ5_0,
  q5_1: quantizeQ5_1,
  q8_0: quantizeQ8_0,
} as const;

/** Block types that Kvasir writes. */
export type WrittenBlockType = keyof typeof QUANTIZE;

export const WRITTEN_BLOCK_TYPES = Object.keys(QUANTIZE) as readonly WrittenBlockType[];

/**
 * Values as blocks, rounded to the nearest as llama.cpp's reference does, to the same bits. Throws a `RangeError` for values
 * that are no whole number of blocks or not finite.
 */
export function quantizeBlocks(type: WrittenBlockType, values: Float32Array): Uint8Array<ArrayBuffer> {
  const block = BLOCK_SIZES[type];
  if (values.length % block.elements !== 0)
    throw new RangeError(`Cannot quantise ${values.length} values to ${type}: wanted a multiple of ${block.elements}`);
  const strange = values.findIndex((value) => !Number.isFinite(value));
  if (strange >= 0) throw new RangeError(`Cannot quantise to ${type}: value ${strange} is ${values[strange]}`);
  const bytes = new Uint8Array((values.length / block.elements) * block.bytes);
  QUANTIZE[type](values, bytes);
  return bytes;
}
