import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { byteLevelTokenizer } from '../../test/fixtures/tiny-tokenizers.ts';
import { sentencePieceFile } from '../../test/goldens-sentence-piece.ts';
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
  await writeFile(join(folder, 'vocab.txt'), '');
  await expect(loadTokenizer(folder)).rejects.toThrow(
    `Cannot load the tokenizer of ${folder}: it has vocab.txt, wanted tokenizer.json`,
  );
});

test('says what a SentencePiece file lacks', async () => {
  await writeFile(join(folder, 'tokenizer.model'), '');
  await expect(loadTokenizer(folder)).rejects.toThrow(
    `Cannot read ${join(folder, 'tokenizer.model')} as a SentencePiece model: it has no piece for what is unknown`,
  );
});

describe('a SentencePiece file alone', () => {
  beforeEach(() => writeFile(join(folder, 'tokenizer.model'), sentencePieceFile('bpe-bytes', false)));

  test('has its own ids, and nothing around a text', async () => {
    const tokenizer = (await loadTokenizer(folder))!;
    const ids = tokenizer.encode('the river é</s>');
    expect(ids).toEqual(tokenizer.encode('the river é</s>', { addSpecialTokens: false }));
    expect(tokenizer).toMatchObject({ vocabSize: 420, unkTokenId: 0, bosTokenId: 1, eosTokenId: 2 });
    expect(ids.at(-1)).toBe(2);
    expect(tokenizer.decode(ids)).toBe('the river é');
    expect(tokenizer.decode(ids, { skipSpecialTokens: false })).toBe('the river é</s>');
  });

  test('has around a text what the configuration says', async () => {
    await writeFile(join(folder, 'tokenizer_config.json'), '{"tokenizer_class":"LlamaTokenizerFast"}');
    expect((await loadTokenizer(folder))!.encode('')).toEqual([1]);
    await writeFile(join(folder, 'tokenizer_config.json'), '{"add_eos_token":true,"eos_token":{"content":"<sep>"}}');
    const tokenizer = (await loadTokenizer(folder))!;
    expect(tokenizer.encode('')).toEqual([tokenizer.tokenToId('<sep>')]);
  });

  test('gets the tokens that were added', async () => {
    const added = {
      420: { content: '<|user|>', special: true, rstrip: true },
      422: { content: 'river', lstrip: true },
    };
    await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify({ added_tokens_decoder: added }));
    const tokenizer = (await loadTokenizer(folder))!;
    const ids = tokenizer.encode('<|user|>   the  river.');
    expect(ids).toEqual([420, ...tokenizer.encode('the'), 422, ...tokenizer.encode('.')]);
    expect(tokenizer.vocabSize).toBe(423);
    expect(tokenizer.idToToken(421)).toBeUndefined();
    expect(tokenizer.decode(ids)).toBe('theriver.');
  });

  test.each([
    [{ added_tokens_decoder: { '-1': { content: 'a' } } }, '"-1" is no id of a token'],
    [{ added_tokens_decoder: { 99999999: { content: 'a' } } }, '"99999999" is no id of a token'],
    [{ tokenizer_class: 'T5Tokenizer', extra_ids: 1e9 }, '"extra_ids" is 1000000000, wanted at most 100000'],
    [{ eos_token: 7 }, '"eos_token" is 7, wanted a token'],
  ])('refuses the configuration %j', async (config, message) => {
    await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify(config));
    await expect(loadTokenizer(folder)).rejects.toThrow(message);
  });
});

test("fairseq's ids are only for files that begin as its do", async () => {
  await writeFile(join(folder, 'sentencepiece.bpe.model'), sentencePieceFile('unigram-t5', true));
  await writeFile(join(folder, 'config.json'), '{"model_type":"mbart"}');
  await expect(loadTokenizer(folder)).rejects.toThrow('it begins with <pad>, </s>, <unk>, wanted <unk>, <s>, </s>');
});

describe('Marian', () => {
  const vocab = { '</s>': 0, '<unk>': 1, '<pad>': 2 };
  const files = {
    'source.spm': sentencePieceFile('unigram-rules', false),
    'target.spm': sentencePieceFile('bpe-rules', false),
    'vocab.json': JSON.stringify(vocab),
  };

  test.each([
    [{ 'vocab.json': undefined }, 'vocab.json: it is missing'],
    [{ 'target.spm': undefined, 'config.json': '{"model_type":"marian"}' }, 'Cannot open'],
    [{ 'tokenizer_config.json': '{"separate_vocabs":true}' }, 'target_vocab.json: it is missing'],
    [{ 'vocab.json': '{"</s>":0,"<unk>":1}' }, 'it has no token "<pad>"'],
    [
      { 'vocab.json': '{"</s>":0,"<unk>":0}' },
      'the id of "<unk>" is 0, wanted a whole number from 0 to 16777216 of its own',
    ],
    [{ 'vocab.json': '{"</s>":1e9}' }, 'the id of "</s>" is 1000000000, wanted'],
    [{ 'vocab.json': '[]' }, 'got [], wanted an object'],
    [{ 'source.spm': 'no model' }, 'source.spm as a SentencePiece model'],
  ] as Record<string, string | undefined>[][])('with %j is refused', async (changes, message) => {
    for (const [name, content] of Object.entries({ ...files, ...(changes as object) }))
      if (content !== undefined) await writeFile(join(folder, name), content as string);
    await expect(loadTokenizer(folder)).rejects.toThrow(message as unknown as string);
  });
});

test('vocab.json with merges.txt is read for families whose words are known', async () => {
  const { model } = JSON.parse(byteLevelTokenizer);
  await writeFile(join(folder, 'vocab.json'), JSON.stringify(model.vocab));
  await writeFile(
    join(folder, 'merges.txt'),
    `#version: 0.2\n${model.merges.map((merge: string | string[]) => [merge].flat().join(' ')).join('\n')}\n`,
  );
  await expect(loadTokenizer(folder)).rejects.toThrow('it has vocab.json, wanted tokenizer.json');
  await writeFile(join(folder, 'config.json'), '{"model_type":"gpt2"}');
  expect((await loadTokenizer(folder))?.encode(' the the')).toEqual([258, 258]);
});

test('errors name the file', async () => {
  await writeFile(join(folder, 'tokenizer.json'), '{');
  await expect(loadTokenizer(folder)).rejects.toThrow(`Cannot read ${join(folder, 'tokenizer.json')}: it is not JSON`);
});
