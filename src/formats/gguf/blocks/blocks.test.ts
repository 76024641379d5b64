import { expect, test } from 'vitest';
import { readGoldenJson } from '../../../../test/goldens.ts';
import { BLOCK_SIZES, type BlockType, isBlockType } from '../block-type.ts';
import { dequantizeBlocks } from '../dequantize-blocks.ts';
import { quantizeBlocks, WRITTEN_BLOCK_TYPES } from '../quantize-blocks.ts';

interface Golden {
  readonly dequantize: readonly { readonly type: string; readonly blocks: string; readonly values: string }[];
  readonly quantize: { readonly values: string; readonly blocks: Readonly<Record<string, string>> };
}

const golden = readGoldenJson<Golden>('gguf-blocks.json');
const bytesOf = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const hexOf = (values: Float32Array) => Buffer.from(values.buffer, 0, values.byteLength).toString('hex');
const blockCases = golden.dequantize.filter(({ type }) => isBlockType(type));

test('The goldens have every block type', () => {
  expect(blockCases.map(({ type }) => type).sort()).toEqual(Object.keys(BLOCK_SIZES).sort());
});

test.each(blockCases)('Blocks of $type give the bits that the gguf package gives', ({ type, blocks, values }) => {
  const bytes = bytesOf(blocks);
  const { bytes: size, elements } = BLOCK_SIZES[type as BlockType];
  const result = new Float32Array((bytes.length / size) * elements);
  dequantizeBlocks(type as BlockType, bytes, result);
  expect(hexOf(result)).toBe(values);
});

test.each(WRITTEN_BLOCK_TYPES)('Values become the %s blocks that the gguf package makes', (type) => {
  const values = new Float32Array(bytesOf(golden.quantize.values).buffer);
  expect(Buffer.from(quantizeBlocks(type, values)).toString('hex')).toBe(golden.quantize.blocks[type]);
});

test('What cannot be quantised is refused', () => {
  expect(() => quantizeBlocks('q8_0', new Float32Array(33))).toThrow(
    'Cannot quantise 33 values to q8_0: wanted a multiple of 32',
  );
  expect(() => quantizeBlocks('q4_0', new Float32Array(32).fill(Number.NaN, 5))).toThrow(
    'Cannot quantise to q4_0: value 5 is NaN',
  );
});
