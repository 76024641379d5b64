import { describe, expect, test } from 'vitest';
import { goldenPath } from '../../../test/goldens.ts';
import { temporaryFolder } from '../../../test/temporary-folder.ts';
import { JsonFields } from '../../config/json-fields.ts';
import { dequantize } from '../../quantized/quantized-matrix.ts';
import { openSafetensors } from '../safetensors.ts';
import { readFloat32, type WeightSource } from '../weight-source.ts';
import { type TensorToWrite, writeSafetensors } from '../write-safetensors.ts';
import { parseQuantizationConfig } from './quantization-config.ts';
import { quantizedWeights } from './quantized-weights.ts';

const files = temporaryFolder();
const configOf = (values: object) =>
  parseQuantizationConfig(new JsonFields('config.json', { quantization_config: values }))!;
const GPTQ = configOf({ quant_method: 'gptq', bits: 4 });
const AWQ = configOf({ quant_method: 'awq', bits: 4, group_size: 32, version: 'gemm' });

const NAMES = { isTransposed: () => false, isParameter: (name: string) => name === 'a.bias' };

const open = (name: string) => openSafetensors(goldenPath('quantized', name));
const symmetric = { groupSize: 32, isSymmetric: true, scaleDType: 'float16' } as const;

test.each([
  ['gptq.safetensors', GPTQ, 'symmetric', { bits: 4, ...symmetric }],
  ['gptq.safetensors', GPTQ, 'zero-points', { bits: 4, ...symmetric, isSymmetric: false }],
  ['gptq.safetensors', GPTQ, 'eight-bits', { bits: 8, ...symmetric }],
  ['gptq.safetensors', GPTQ, 'rows', { bits: 4, ...symmetric, groupSize: 'row' }],
  // No kernel takes these: they are floats.
  ['gptq.safetensors', GPTQ, 'reordered', undefined],
  ['gptq.safetensors', GPTQ, 'eight-bits-zero-points', undefined],
  [
    'gptq-v2.safetensors',
    { ...GPTQ, zeroOffset: 0 } as typeof GPTQ,
    'zero-points',
    { bits: 4, ...symmetric, isSymmetric: false },
  ],
  ['awq.safetensors', AWQ, 'zero-points', { bits: 4, ...symmetric, isSymmetric: false }],
  ['awq.safetensors', AWQ, 'symmetric', { bits: 4, ...symmetric }],
])('%s, %#: %s stands for the weights of its definition', async (file, config, layer, scheme) => {
  const stored = await open(file);
  const wanted = await readFloat32(stored, `${layer}.wanted`);
  for (const isTransposed of [false, true]) {
    const source = await quantizedWeights(stored, config, {
      isTransposed: () => isTransposed,
      isParameter: () => false,
    });
    const entry = source.tensors.get(`${layer}.weight`)!;
    expect(entry.shape).toEqual(isTransposed ? [64, 16] : [16, 64]);
    expect(source.tensors.has(`${layer}.qweight`)).toBe(false);
    const values = await readFloat32(source, entry.name);
    for (let row = 0; row < 16; row++)
      for (let i = 0; i < 64; i++)
        expect(values[isTransposed ? i * 16 + row : row * 64 + i]).toBe(wanted[row * 64 + i]);
    const quantized = source.quantized?.get(entry.name);
    expect(quantized?.scheme).toEqual(scheme);
    const numbers = quantized && dequantize(await quantized.read());
    for (const [i, number] of (numbers ?? []).entries()) expect(number).toBeCloseTo(wanted[i]!, 5);
  }
  await stored.close();
});

describe('a layer is refused', () => {
  const words = (shape: readonly number[], value = 0): TensorToWrite => ({
    name: '',
    dtype: 'int32',
    shape,
    data: async () => new Int32Array(shape.reduce((product, size) => product * size, 1)).fill(value),
  });
  const scales = (shape: readonly number[]): TensorToWrite => ({
    ...words(shape),
    dtype: 'float32',
    data: async () => new Float32Array(shape.reduce((product, size) => product * size, 1)),
  });
  const GOOD = { qweight: words([8, 16]), qzeros: words([2, 2]), scales: scales([2, 16]), g_idx: words([64]) };

  async function read(parts: Readonly<Record<string, TensorToWrite>>, config = GPTQ): Promise<WeightSource> {
    const location = files.path('layer.safetensors');
    await writeSafetensors(
      location,
      Object.entries(parts).map(([part, tensor]) => ({ ...tensor, name: `a.${part}` })),
    );
    return quantizedWeights(await openSafetensors(location), config, NAMES);
  }

  test('but not for a bias of zeros that the model does not have', async () => {
    const bias = { ...scales([16]), name: 'bias' };
    const other = { ...scales([16]), data: async () => new Float32Array(16).fill(1) };
    expect((await read({ ...GOOD, bias })).tensors.has('a.bias')).toBe(true);
    const named = (layer: string, tensor: TensorToWrite) =>
      Object.entries({ ...GOOD, bias: tensor }).map(([part, one]) => ({ ...one, name: `${layer}.${part}` }));
    const location = files.path('biases.safetensors');
    await writeSafetensors(location, [...named('b', bias), ...named('c', other)]);
    const source = await quantizedWeights(await openSafetensors(location), GPTQ, NAMES);
    expect([source.tensors.has('b.bias'), source.tensors.has('c.bias')]).toEqual([false, true]);
  });

  test('only if something is wrong with it', async () => {
    expect((await read(GOOD)).tensors.get('a.weight')!.shape).toEqual([16, 64]);
  });

  test.each<[string, Readonly<Record<string, TensorToWrite>>, string]>([
    ['of 2 bits', { ...GOOD, g_idx: words([128]) }, 'its codes have 2 bits, supported: 4, 8'],
    ['with other outputs', { ...GOOD, qweight: words([8, 24]) }, 'qweight is of 24 outputs, but scales of 16'],
    ['with other zero points', { ...GOOD, qzeros: words([3, 2]) }, 'qzeros has shape (3, 2), wanted (2, 2)'],
    [
      'with a group that is not there',
      { ...GOOD, g_idx: words([64], 2) },
      'its 64 inputs are of groups up to 2, but it has 2',
    ],
    ['with a negative group', { ...GOOD, g_idx: words([64], -1) }, 'but it has 2'],
    ['with codes of floats', { ...GOOD, qweight: scales([8, 16]) }, 'qweight is float32, wanted int32'],
    ['with groups of floats', { ...GOOD, g_idx: scales([64]) }, 'it is float32, wanted int32'],
    ['with a vector for a matrix', { ...GOOD, scales: scales([32]) }, 'scales has shape (32), wanted two dimensions'],
    [
      'without inputs',
      { qweight: words([0, 2 ** 40]), qzeros: words([0, 2 ** 37]), scales: scales([0, 2 ** 40]) },
      'it has 0 inputs and 1099511627776 outputs',
    ],
    ['without scales', { qweight: GOOD.qweight, qzeros: GOOD.qzeros }, 'Cannot find tensor "a.scales"'],
  ])('%s', async (_, parts, message) => {
    await expect(read(parts)).rejects.toThrow(message);
  });

  test('of AWQ whose groups are too few', async () => {
    const parts = { qweight: words([64, 2]), qzeros: words([1, 2]), scales: scales([1, 16]) };
    await expect(read(parts, AWQ)).rejects.toThrow('its 64 inputs are of groups up to 1, but it has 1');
  });
});

test.each([
  [{ quant_method: 'bitsandbytes' }, '"quant_method" is "bitsandbytes", wanted one of "gptq", "awq"'],
  [{ quant_method: 'gptq', bits: 3 }, '"bits" is 3, supported: 4, 8'],
  [{ quant_method: 'gptq' }, '"bits" is missing'],
  [{ quant_method: 'gptq', bits: 4, checkpoint_format: 'marlin' }, '"checkpoint_format" is "marlin"'],
  [{ quant_method: 'awq', bits: 8 }, '"bits" is 8, supported: 4'],
  [{ quant_method: 'awq', w_bit: 4, q_group_size: 0 }, '"q_group_size" is 0, wanted a whole number of at least 1'],
  [{ quant_method: 'awq', bits: 4, group_size: 128, version: 'gemv' }, '"version" is "gemv"'],
])('quantization_config %j is refused', (values, message) => {
  expect(() => configOf(values)).toThrow(message);
});
