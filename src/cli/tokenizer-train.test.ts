import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { plain, runCli, runJson } from '../../test/run-cli.ts';
import { trainBpe } from '../tokenizers/training/train-bpe.ts';
import { trainCharacters } from '../tokenizers/training/train-characters.ts';

const TEXT = 'low lower lowest, slow slower slowest. '.repeat(30);

let folder: string;
let text: string;
let output: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvasir-'));
  text = join(folder, 'text.txt');
  output = join(folder, 'a/tokenizer');
  await writeFile(text, TEXT);
});
afterEach(() => rm(folder, { recursive: true }));

const train = (...argv: readonly string[]) => ['tokenizer', 'train', ...argv, '-o', output];
const written = async () => ({
  'tokenizer.json': await readFile(join(output, 'tokenizer.json'), 'utf8'),
  'tokenizer_config.json': await readFile(join(output, 'tokenizer_config.json'), 'utf8'),
});

test('writes what the library trains, and prints the folder', async () => {
  const { exitCode, stdout, stderr } = await runCli(train(text, text, '--vocab-size', '264'));
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `${output}\n` });
  expect(stderr).toMatch(/^264 tokens from 2,340 characters, 10 different words in \d+\.\d\d s\n$/);
  expect(await written()).toEqual((await trainBpe([TEXT, TEXT], { vocabSize: 264 })).files);
  expect((await readdir(output)).sort()).toEqual(['tokenizer.json', 'tokenizer_config.json']);
});

test('takes frequency and special tokens, and reports as JSON', async () => {
  const flags = ['--vocab-size', '999', '--min-frequency', '31', '--special-token', '<s>', '--special-token', '</s>'];
  const report = await runJson(...train(text, ...flags));
  const options = { vocabSize: 999, minFrequency: 31, specialTokens: ['<s>', '</s>'] };
  const { files, ...facts } = await trainBpe(TEXT, options);
  expect(report).toEqual({ output, kind: 'bpe', ...facts, seconds: expect.any(Number) });
  expect(facts).toMatchObject({ numCharacters: TEXT.length, numWords: 241, numDistinctWords: 10 });
  expect(await written()).toEqual(files);
});

test('says that a text gives fewer tokens', async () => {
  const { stderr } = await runCli(train(text, '--vocab-size', '40000'));
  expect(stderr).toMatch(/\nThe text gives no more than \d+ of 40,000 tokens\.\n$/);
});

test('a token for each character, from stdin', async () => {
  const { exitCode } = await runCli(train('-', '--kind', 'char', '--special-token', '<e>'), { stdin: '\ufeffab海' });
  expect(exitCode).toBe(0);
  expect(await written()).toEqual((await trainCharacters('ab海', { specialTokens: ['<e>'] })).files);
});

test('shows a bar on a terminal, and takes it away', async () => {
  const { stderr } = await runCli(train(text, '--vocab-size', '264'), { isTerminal: true });
  expect(plain(stderr)).toMatch(/Reading .*1\.1 KiB {2}.*text\.txt/);
  expect(stderr).toContain('\x1b[?25h');
  const quiet = await runCli(train(text, '--vocab-size', '264', '--json', '--force'), { isTerminal: true });
  expect(quiet.stderr).toBe('');
});

test('replaces files only with --force', async () => {
  await runCli(train(text, '--vocab-size', '264'));
  const before = await written();
  const { exitCode, stderr } = await runCli(train(text, '--vocab-size', '270'));
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: `kvasir: Cannot write tokenizer.json to ${output}: it is there already; --force replaces it\n`,
  });
  expect(await written()).toEqual(before);
  expect((await runCli(train(text, '--vocab-size', '270', '--force'))).exitCode).toBe(0);
  expect(await written()).not.toEqual(before);
});

test('what cannot be written leaves nothing half-written', async () => {
  await mkdir(join(output, 'tokenizer_config.json'), { recursive: true });
  const { exitCode, stderr } = await runCli(train(text, '--vocab-size', '264'));
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: expect.stringContaining(`kvasir: Cannot write to ${output}: `),
  });
  expect((await readdir(output)).filter((name) => name.endsWith('.partial'))).toEqual([]);
});

test('Ctrl-C leaves nothing behind, also while stdin is silent', async () => {
  const stdin = new PassThrough();
  stdin.write('low lower');
  let press = () => {};
  setTimeout(() => press(), 50);
  const onStart = (pressCtrlC: () => void) => {
    press = pressCtrlC;
  };
  const { exitCode, stdout, stderr } = await runCli(train('-', '--vocab-size', '264'), { stdin, onStart });
  expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 130, stdout: '', stderr: 'interrupted\n' });
  expect(await readdir(folder)).toEqual(['text.txt']);
});

test.each<[what: string, content: string | Uint8Array, message: string]>([
  ['empty', '', 'Cannot train a tokenizer: the text is empty'],
  ['not UTF-8', Uint8Array.of(97, 98, 0xff), 'as text: byte 2 (0xff) is not UTF-8; wanted a text file in UTF-8'],
  ['binary', Uint8Array.of(97, 0), 'as text: byte 1 is NUL; wanted a text file in UTF-8'],
])('refuses a file that is %s', async (_what, content, message) => {
  await writeFile(text, content);
  const { exitCode, stdout, stderr } = await runCli(train(text, '--vocab-size', '264'));
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(stderr).toContain(message);
  expect(await readdir(folder)).toEqual(['text.txt']);
});

test('refuses files that are not there before it reads the others', async () => {
  const { exitCode, stderr } = await runCli(train(text, 'nowhere.txt', '--vocab-size', '264'));
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: 'kvasir: Cannot open nowhere.txt: there is no such file\n',
  });
});

test('refuses a file as the folder', async () => {
  const { exitCode, stderr } = await runCli(['tokenizer', 'train', text, '-o', text, '--kind', 'char']);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: `kvasir: Cannot write to ${text}: it is a file, wanted a folder\n`,
  });
});

test.each<[argv: string[], message: string]>([
  [['--vocab-size', '100'], '--vocab-size is 100, wanted a whole number of at least 257 (256 bytes, 1 special)'],
  [[], 'its size is not given; say --vocab-size, such as 4096'],
  [['--kind', 'char', '--vocab-size', '300'], '--vocab-size and --min-frequency are for --kind bpe'],
  [['--kind', 'char', '--min-frequency', '3'], '--vocab-size and --min-frequency are for --kind bpe'],
  [['--kind', 'word'], 'Known: bpe, char.'],
  [['--vocab-size', '300', '--special-token', ''], '--special-token has "", wanted none that is empty'],
])('%j is a wrong command', async (argv, message) => {
  const { exitCode, stdout, stderr } = await runCli(train(text, ...argv));
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toContain(message);
});

test('needs a folder', async () => {
  const { exitCode, stderr } = await runCli(['tokenizer', 'train', text]);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: 'kvasir: Cannot train a tokenizer: no folder is given; name one with --output\n',
  });
});
