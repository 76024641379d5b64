import { expect, test } from 'vitest';
import { goldenPath, relativeError } from '../../../test/goldens.ts';
import { saveRandomLlama } from '../../../test/save-random-llama.ts';
import { temporaryFolder } from '../../../test/temporary-folder.ts';
import { createReferenceBackend } from '../../backends/reference/reference-backend.ts';
import { openGguf } from '../../formats/gguf/open-gguf.ts';
import { WRITTEN_BLOCK_TYPES } from '../../formats/gguf/quantize-blocks.ts';
import { loadTokenizer } from '../../tokenizers/load-tokenizer.ts';
import { describeModel, loadModel, parseModelConfig } from '../load-model.ts';
import { formatModelConfig } from '../write-config.ts';
import { writeGguf } from './write-gguf.ts';

const files = temporaryFolder();
const IDS = [1, 5, 9, 2, 7, 3];

async function logitsOf(location: string): Promise<Float32Array> {
  const model = await loadModel(createReferenceBackend(), location);
  const { logits } = await model.forward({ inputIds: IDS });
  const values = Float32Array.from(logits.data);
  model.dispose();
  return values;
}

test.each([
  'gpt2',
  'gpt2-float16',
  'gpt2-untied',
  'llama-gqa',
  'llama-linear',
  'llama-sharded',
  'llama-gqa-bfloat16',
  'qwen2',
  'qwen3',
])('%s written as GGUF is the same model, bit for bit, with the same tokenizer', async (name) => {
  const folder = goldenPath('models', name);
  const location = files.path('model.gguf');
  await writeGguf(folder, location);
  const [written, original] = [await describeModel(location), await describeModel(folder)];
  const { bosTokenId: _, eosTokenIds: __, ...config } = written.config;
  expect(original.config).toMatchObject(config);
  expect(await logitsOf(location)).toEqual(await logitsOf(folder));
  const tokenizers = [await loadTokenizer(location), await loadTokenizer(folder)] as const;
  for (const text of ['Hello world', ' two  spaces\n\n', "it's 12345 — naïve ☃ 日本"])
    expect(tokenizers[0]?.encode(text)).toEqual(tokenizers[1]?.encode(text));
});

test.each(WRITTEN_BLOCK_TYPES)(
  'Matrices become %s where rows are whole blocks, and float16 elsewhere',
  async (dtype) => {
    const [folder, location] = [files.path('model'), files.path('model.gguf')];
    await saveRandomLlama(folder);
    await writeGguf(folder, location, { dtype, name: 'random' });
    const file = await openGguf(location);
    await file.close();
    expect(file.values.get('general.name')).toBe('random');
    for (const { name, dtype: written, shape } of file.tensors.values())
      expect(written).toBe(shape.length === 1 ? 'float32' : name === 'blk.0.ffn_down.weight' ? 'float16' : dtype);
    const error = relativeError(await logitsOf(location), await logitsOf(folder));
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(dtype === 'q8_0' ? 0.02 : 0.25);
  },
);

test.each([
  ['openai-gpt', 'Cannot write the model as GGUF: its type is openai-gpt'],
  ['mistral', 'Cannot write the model as GGUF: it has sliding windows'],
  ['llama-dynamic', 'Cannot write the model as GGUF: its rotary scaling is dynamic, wanted none, linear'],
])('%s, which GGUF cannot say, is refused', async (name, message) => {
  await expect(writeGguf(goldenPath('models', name), files.path('model.gguf'))).rejects.toThrow(message);
});

test('An unknown type is refused', async () => {
  const options = { dtype: 'q4_k' as never };
  await expect(writeGguf(goldenPath('models', 'gpt2'), files.path('m.gguf'), options)).rejects.toThrow(
    'dtype is "q4_k", known: float32, float16, bfloat16, q4_0, q4_1, q5_0, q5_1, q8_0',
  );
});

test("Llama 3.1's scaling is written as factors of the frequencies, and read again", async () => {
  const [folder, location] = [goldenPath('models', 'llama3-rope'), files.path('model.gguf')];
  await writeGguf(folder, location);
  const { positions } = (await describeModel(location)).config;
  const wanted = (await describeModel(folder)).config.positions;
  if (positions.kind !== 'rotary' || positions.scaling.kind !== 'factors') throw new Error('wanted factors');
  if (wanted.kind !== 'rotary' || wanted.scaling.kind !== 'llama3') throw new Error('wanted llama3');
  for (const [i, factor] of positions.scaling.factors.entries())
    expect(factor / converterFactor(i, wanted.theta, wanted.rotarySize, wanted.scaling)).toBeCloseTo(1, 6);
  expect(relativeError(await logitsOf(location), await logitsOf(folder))).toBeLessThan(1e-5);

  const { config } = await describeModel(location);
  const again = parseModelConfig('config.json', formatModelConfig(config, 'float32'));
  expect(again.config.positions).toEqual(positions);
});

/** As llama.cpp's `convert_hf_to_gguf.py` computes it. */
function converterFactor(
  i: number,
  theta: number,
  dim: number,
  scaling: { factor: number; lowFrequencyFactor: number; highFrequencyFactor: number; originalMaxPositions: number },
): number {
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalMaxPositions: length } = scaling;
  const wavelength = 2 * Math.PI * theta ** ((2 * i) / dim);
  if (wavelength < length / high) return 1;
  if (wavelength > length / low) return factor;
  const smooth = (length / wavelength - low) / (high - low);
  return 1 / ((1 - smooth) / factor + smooth);
}
