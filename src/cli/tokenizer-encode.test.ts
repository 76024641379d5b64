import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { byteLevelTokenizer, sentencePieceTokenizer } from '../../test/fixtures/tiny-tokenizers.ts';
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
    stderr: `kvasir: Cannot encode: ${folder} has no tokenizer.json; --tokenizer names its folder\n`,
  });
});
