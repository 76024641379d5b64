import { expect, test } from 'vitest';
import { goldenPath, relativeError } from '../../../test/goldens.ts';
import { saveRandomLlama } from '../../../test/save-random-llama.ts';
import { temporaryFolder } from '../../../test/temporary-folder.ts';
import { createReferenceBackend } from '../../backends/reference/reference-backend.ts';
import { encodeGgufHeader } from '../../formats/gguf/encode-gguf.ts';
import { openGguf } from '../../formats/gguf/open-gguf.ts';
import { WRITTEN_BLOCK_TYPES } from '../../formats/gguf/quantize-blocks.ts';
import { loadTokenizer } from '../../tokenizers/load-tokenizer.ts';
import { describeModel, loadModel } from '../load-model.ts';
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
  ['llama3-rope', 'Cannot write the model as GGUF: its rotary scaling is llama3, wanted none or linear'],
])('%s, which GGUF cannot say, is refused', async (name, message) => {
  await expect(writeGguf(goldenPath('models', name), files.path('model.gguf'))).rejects.toThrow(message);
});

test('An unknown type is refused', async () => {
  const options = { dtype: 'q4_k' as never };
  await expect(writeGguf(goldenPath('models', 'gpt2'), files.path('m.gguf'), options)).rejects.toThrow(
    'dtype is "q4_k", known: float32, float16, bfloat16, q4_0, q4_1, q5_0, q5_1, q8_0',
  );
});

test('A part of a split file is refused', async () => {
  const location = await files.write(
    'm-00001-of-00002.gguf',
    encodeGgufHeader({ 'split.count': { type: 'uint16', value: 2 } }, []),
  );
  await expect(openGguf(location)).rejects.toThrow('it is one of 2 parts, wanted a whole file');
});
