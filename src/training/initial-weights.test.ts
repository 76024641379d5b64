import { expect, test } from 'vitest';
import { readFloat32 } from '../formats/weight-source.ts';
import { modelPreset } from '../models/presets.ts';
import { initialWeights } from './initial-weights.ts';

const preset = modelPreset('gpt2');
const config = { ...preset.config, hiddenSize: 64, intermediateSize: 256, numLayers: 8, numHeads: 4, numKvHeads: 4 };
const small = { ...preset, config: { ...config, headSize: 16, vocabSize: 1000, maxPositions: 32 } };

test('initialWeights are normal, with smaller ones where the result is added to the residual stream', async () => {
  const weights = initialWeights(small, 1);
  for (const [name, deviation] of [
    ['transformer.wte.weight', 0.02],
    ['transformer.h.0.attn.c_attn.weight', 0.02],
    ['transformer.h.3.mlp.c_fc.weight', 0.02],
    ['transformer.h.3.attn.c_proj.weight', 0.02 / 4],
    ['transformer.h.7.mlp.c_proj.weight', 0.02 / 4],
  ] as const) {
    const values = await readFloat32(weights, name);
    const moment = (power: number) => values.reduce((sum, x) => sum + (x / deviation) ** power, 0) / values.length;
    const error = 6 / Math.sqrt(values.length); // six standard deviations of the mean
    expect(Math.abs(moment(1)), name).toBeLessThan(error);
    expect(Math.abs(moment(2) - 1), name).toBeLessThan(error * Math.sqrt(2));
    expect(Math.abs(moment(4) - 3), name).toBeLessThan(error * Math.sqrt(96));
  }
});

test('initialWeights have the standard deviation that is asked for, which must be more than 0', async () => {
  const values = await readFloat32(initialWeights(small, 1, { standardDeviation: 0.1 }), 'transformer.wte.weight');
  const variance = values.reduce((sum, x) => sum + x ** 2, 0) / values.length;
  expect(Math.abs(variance / 0.01 - 1)).toBeLessThan((6 * Math.SQRT2) / Math.sqrt(values.length));
  for (const standardDeviation of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
    expect(() => initialWeights(small, 1, { standardDeviation })).toThrow(RangeError);
});

test('initialWeights begin with norms of 1 and biases of 0', async () => {
  const weights = initialWeights(small, 1);
  expect(new Set(await readFloat32(weights, 'transformer.h.0.ln_1.weight'))).toEqual(new Set([1]));
  expect(new Set(await readFloat32(weights, 'transformer.h.0.ln_1.bias'))).toEqual(new Set([0]));
  expect(new Set(await readFloat32(weights, 'transformer.h.0.mlp.c_fc.bias'))).toEqual(new Set([0]));
});

test('initialWeights are the same for the same seed, whole or in parts, and others for another', async () => {
  const name = 'transformer.wte.weight';
  const whole = await readFloat32(initialWeights(small, 5), name);
  const part = new Float32Array(1003);
  await initialWeights(small, 5).read(name, new Uint8Array(part.buffer), 4 * 777);
  expect(part).toEqual(whole.slice(777, 777 + 1003));
  expect(await readFloat32(initialWeights(small, 6), name)).not.toEqual(whole);
});
