import { expect, test } from 'vitest';
import { QUANTIZATIONS } from '../../quantized/quantization-scheme.ts';
import { quantizeToNearest } from '../../quantized/round-to-nearest.ts';
import { gptqTensors } from './gptq-tensors.ts';

test('The zero points of groups of zeros do not carry into others when 1 is added to their words', async () => {
  const scheme = { ...QUANTIZATIONS['int4-zero-point'], scaleDType: 'float16' } as const;
  // (8 outputs, 32 inputs): those of every other row are zeros, the others reach from −1 to 0.5.
  const values = Float32Array.from({ length: 8 * 32 }, (_, i) => (Math.floor(i / 32) % 2 === 0 ? 0 : (i % 4) / 2 - 1));
  const tensors = gptqTensors('a', quantizeToNearest(values, scheme, 8, 32));
  const [word] = (await tensors.find(({ name }) => name === 'a.qzeros')!.data()) as Int32Array;
  const sum = (word! + 0x11111111) >>> 0;
  const zeros = Array.from({ length: 8 }, (_, row) => (sum >>> (4 * row)) & 15);
  expect(zeros).toEqual([1, 10, 1, 10, 1, 10, 1, 10]);
});
