import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { byteLevelTokenizer, sentencePieceTokenizer } from '../../test/fixtures/tiny-tokenizers.ts';
import { sentencePieceFile } from '../../test/goldens-sentence-piece.ts';
import { runCli, runJson } from '../../test/run-cli.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvasir-'));
  await writeFile(join(folder, 'tokenizer.json'), byteLevelTokenizer);
});
afterEach(() => rm(folder, { recursive: true }));

const encode = (...argv: readonly string[]) => ['tokenizer', 'encode', '-t', folder, ...argv];

test('prints token ids, from an argument, a file or stdin', async () => {
  const file = join(folder, 'text.txt');
  await writeFile(file, 'a the');
  for (const argv of [['a', 'the'], ['-'], ['--file', file]])
    expect(await runCli(encode(...argv), { stdin: 'a the' })).toEqual({ exitCode: 0, stdout: '97,258\n', stderr: '' });
  expect(await runJson(...encode('a the'))).toEqual({ ids: [97, 258], tokens: ['a', 'Ġthe'] });
});

test('with what the tokenizer adds, or without', async () => {
  await writeFile(join(folder, 'tokenizer.json'), sentencePieceTokenizer);
  expect((await runCli(encode('ab'))).stdout).toBe('1,265\n');
  expect((await runCli(encode('ab', '--no-special-tokens'))).stdout).toBe('265\n');
});

test('says what is missing', async () => {
  expect(await runCli(encode())).toMatchObject({
    exitCode: 2,
    stderr: 'kvasir: Cannot encode: there is no text; give it as an argument or with --file\n',
  });
  await rm(join(folder, 'tokenizer.json'));
  expect(await runCli(encode('a'))).toMatchObject({
    exitCode: 1,
    stderr: `kvasir: Cannot encode: ${folder} has no tokenizer; --tokenizer names its folder\n`,
  });
});

test('a source or a target, with its language', async () => {
  await rm(join(folder, 'tokenizer.json'));
  await writeFile(join(folder, 'sentencepiece.bpe.model'), sentencePieceFile('bpe-nmt', true));
  await writeFile(join(folder, 'tokenizer_config.json'), '{"tokenizer_class":"NllbTokenizer","src_lang":"eng_Latn"}');
  const { ids, tokens } = (await runJson(...encode('the'))) as { ids: number[]; tokens: string[] };
  expect(tokens).toEqual(['eng_Latn', '▁the', '</s>']);
  expect(await runJson(...encode('--from', 'fra_Latn', 'the'))).toMatchObject({ tokens: ['fra_Latn', '▁the', '</s>'] });
  expect(await runJson(...encode('--as-target', '--to', 'zho_Hans', 'the'))).toMatchObject({
    tokens: ['zho_Hans', '▁the', '</s>'],
  });
  expect((await runCli(encode('--no-special-tokens', 'the'))).stdout).toBe(`${ids[1]}\n`);
  expect((await runCli(encode('--from', 'eng', 'the'))).stderr).toContain('Cannot find the language "eng"');
  expect((await runCli(encode('--as-target', 'the'))).stderr).toContain(
    'its language is missing, wanted to, one of ace_Arab',
  );
  expect(await runCli(encode('--no-special-tokens', '--to', 'fra_Latn', 'the'))).toMatchObject({ exitCode: 2 });
  expect(await runCli(encode('--as-target', '--from', 'fra_Latn', 'the'))).toMatchObject({ exitCode: 2 });
});
