import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { byteLevelTokenizer } from '../../test/fixtures/tiny-tokenizers.ts';
import { loadTokenizer } from './load-tokenizer.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvasir-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('reads tokenizer.json, with or without its configuration', async () => {
  await writeFile(join(folder, 'tokenizer.json'), byteLevelTokenizer);
  expect((await loadTokenizer(folder))?.eosTokenId).toBeUndefined();
  await writeFile(join(folder, 'tokenizer_config.json'), '{"eos_token":"<|endoftext|>"}');
  expect((await loadTokenizer(folder))?.eosTokenId).toBe(259);
});

test('a folder may have none', async () => {
  expect(await loadTokenizer(folder)).toBeUndefined();
});

test('says that another format is not read', async () => {
  await writeFile(join(folder, 'tokenizer.model'), '');
  await expect(loadTokenizer(folder)).rejects.toThrow(
    `Cannot load the tokenizer of ${folder}: it has tokenizer.model, wanted tokenizer.json`,
  );
});

test('errors name the file', async () => {
  await writeFile(join(folder, 'tokenizer.json'), '{');
  await expect(loadTokenizer(folder)).rejects.toThrow(`Cannot read ${join(folder, 'tokenizer.json')}: it is not JSON`);
});
