import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { encodeGguf, readGguf, TINY_LLAMA } from '../../../test/fixtures/tiny-gguf.ts';
import { goldenPath } from '../../../test/goldens.ts';
import type { TypedMetadata } from '../../formats/gguf/encode-gguf.ts';
import { HuggingFaceTokenizer } from '../hugging-face-tokenizer.ts';
import { tokenizerObjects } from './tokenizer-files.ts';
import { tokenizerMetadata } from './tokenizer-metadata.ts';

async function tokenizerOf(metadata: TypedMetadata): Promise<HuggingFaceTokenizer> {
  const { tokenizer, config } = tokenizerObjects(await readGguf(encodeGguf(metadata, [])))!;
  return new HuggingFaceTokenizer(JSON.stringify(tokenizer), JSON.stringify(config));
}

const TEXTS = [
  'Hello world',
  ' leading and  double  spaces ',
  "It's 1234567 o'clock, they'LL say\n\n\tnaïve café — 日本語 ☃ 😀",
  'a\r\nb\u00a0c\u0085d\ufeffe',
  '',
];

test.each(['gpt2', 'llama2', 'llama3', 'qwen2'])('The tokenizer %s gives the same ids through GGUF', async (name) => {
  const [tokenizer, config] = ['tokenizer.json', 'tokenizer_config.json'].map((file) =>
    readFileSync(goldenPath('tokenizers', name, file), 'utf8'),
  ) as [string, string];
  const original = new HuggingFaceTokenizer(tokenizer, config);
  const read = await tokenizerOf(tokenizerMetadata({ location: name, tokenizer, config }, original.vocabSize));
  for (const text of TEXTS) {
    const ids = original.encode(text);
    expect(read.encode(text), text).toEqual(ids);
    expect(read.decode(ids)).toBe(original.decode(ids));
  }
  expect([read.bosTokenId, read.eosTokenId]).toEqual([original.bosTokenId, original.eosTokenId]);
});

test('SentencePiece merges by score, falls back to bytes and adds a space and the first token', async () => {
  const tokenizer = await tokenizerOf(TINY_LLAMA);
  expect(tokenizer.encode('abc')).toEqual([1, 11]);
  expect(tokenizer.encode('bab abd')).toEqual([1, 4, 6, 8, 9, 0]);
  expect(tokenizer.encode('b\n')).toEqual([1, 4, 6, 3]);
  expect(tokenizer.decode([1, 9, 7, 3])).toBe('abc\n');
});

test.each([
  [{ 'tokenizer.ggml.model': { type: 'string', value: 'bert' } }, 'it is of kind "bert", known: llama, gpt2'],
  [{ 'tokenizer.ggml.scores': { type: 'array', of: 'float32', values: [1] } }, 'has 1 values for 12 tokens'],
  [
    { 'tokenizer.ggml.bos_token_id': { type: 'uint32', value: 99 } },
    '"tokenizer.ggml.bos_token_id" is 99, wanted below 12',
  ],
  [{ 'tokenizer.ggml.model': { type: 'string', value: 'gpt2' } }, '"tokenizer.ggml.merges" is missing'],
] as const)('A tokenizer that does not hold is refused: %j', async (change, message) => {
  await expect(tokenizerOf({ ...TINY_LLAMA, ...change })).rejects.toThrow(message);
});
