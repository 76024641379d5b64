import { expect, test } from 'vitest';
import { goldenPath } from '../../../test/goldens.ts';
import { temporaryFolder } from '../../../test/temporary-folder.ts';
import { createReferenceBackend } from '../../backends/reference/reference-backend.ts';
import { openGguf } from '../../formats/gguf/open-gguf.ts';
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

test.each(['gpt2', 'gpt2-float16', 'gpt2-untied', 'llama-gqa', 'llama-linear', 'llama-sharded'])(
  '%s written as GGUF is the same model, bit for bit, with the same tokenizer',
  async (name) => {
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
  },
);

test('Matrices are quantised where rows are whole blocks, and float16 elsewhere', async () => {
  const location = files.path('model.gguf');
  await writeGguf(goldenPath('models', 'llama-gqa'), location, { dtype: 'q8_0', name: 'a golden' });
  const file = await openGguf(location);
  await file.close();
  expect(file.values.get('general.name')).toBe('a golden');
  for (const { dtype, shape } of file.tensors.values())
    expect(dtype).toBe(shape.length === 1 ? 'float32' : shape[1]! % 32 === 0 ? 'q8_0' : 'float16');
  expect(await logitsOf(location)).toHaveLength(IDS.length * (await describeModel(location)).config.vocabSize);
});

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
