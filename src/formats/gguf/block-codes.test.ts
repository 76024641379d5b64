import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dequantize, emptyQuantizedMatrix } from '../../quantized/quantized-matrix.ts';
import { readBlockCodes, schemeOfBlocks } from './block-codes.ts';
import { BLOCK_SIZES, type BlockType } from './block-type.ts';
import { dequantizeBlocks } from './dequantize-blocks.ts';

const TYPES = Object.keys(BLOCK_SIZES) as readonly BlockType[];

test('Types that a scheme has', () => {
  expect(TYPES.filter((type) => schemeOfBlocks(type) !== undefined)).toEqual(['q4_0', 'q4_1', 'q5_0', 'q8_0', 'q4_k']);
  expect(schemeOfBlocks('toString')).toBeUndefined();
  const values = emptyQuantizedMatrix(schemeOfBlocks('q8_0')!, 1, 256);
  expect(() => readBlockCodes('q6_k', new Uint8Array(210), values)).toThrow(
    'Cannot read the codes of q6_k blocks: no scheme has them',
  );
});

test.each(TYPES.filter((type) => schemeOfBlocks(type) !== undefined))(
  'Codes of %s stand for what its blocks do, to the bit',
  (type) => {
    const { bytes: size, elements } = BLOCK_SIZES[type];
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 3 * size, maxLength: 3 * size }), (bytes) => {
        const wanted = new Float32Array(3 * elements);
        dequantizeBlocks(type, bytes, wanted);
        const matrix = emptyQuantizedMatrix(schemeOfBlocks(type)!, 1, 3 * elements);
        readBlockCodes(type, bytes, matrix);
        expect(dequantize(matrix)).toEqual(wanted);
      }),
    );
  },
);
