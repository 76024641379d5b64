import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { goldenPath, readGoldenJson } from '../../test/goldens.ts';
import { runCli, runJson } from '../../test/run-cli.ts';
import { saveTinyTranslator } from '../../test/save-tiny-translator.ts';

interface Golden {
  readonly scored: string;
  readonly scoredIds: readonly number[];
  readonly logProbs: readonly number[];
  readonly sumLogProb: number;
  readonly perplexity: number;
}

interface ScoreJson {
  readonly tokens: readonly { readonly id: number; readonly text: string; readonly logProb: number | null }[];
  readonly logProb: number;
  readonly perplexity: number;
}

const golden = readGoldenJson<Golden>('models', 'llama-gqa', 'golden.json');
const ON_REFERENCE = ['score', '--device', 'reference', '--model', goldenPath('models', 'llama-gqa')] as const;

test('kvasir score --json prints the golden log probabilities', async () => {
  const { tokens, logProb, perplexity } = await runJson<ScoreJson>(...ON_REFERENCE, golden.scored);
  expect(tokens.map(({ id }) => id)).toEqual(golden.scoredIds);
  expect(tokens[0]).toEqual({ id: 1, text: '<s>', logProb: null });
  for (const [i, wanted] of golden.logProbs.entries()) expect(tokens[i + 1]?.logProb).toBeCloseTo(wanted, 4);
  expect(logProb).toBeCloseTo(golden.sumLogProb, 3);
  expect(perplexity / golden.perplexity).toBeCloseTo(1, 4);
});

test('kvasir score prints a table, the sum and the perplexity', async () => {
  const { exitCode, stdout, stderr } = await runCli([...ON_REFERENCE, golden.scored]);
  expect(exitCode).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(lines.slice(0, 3)).toEqual([
    'token     log P       P  text',
    '    1         –       –  "<s>"',
    '  401   -5.8732  0.28 %  " "',
  ]);
  expect(lines).toHaveLength(golden.scoredIds.length + 4);
  expect(lines.at(-2)).toBe(`log P       ${golden.sumLogProb.toFixed(4)} of 29 tokens`);
  expect(lines.at(-1)).toMatch(/^perplexity {2}1327\.67\d\d$/);
  expect(stderr).toMatch(/^30 tokens scored in \S+ s · loaded in \S+ s\n$/);
});

test('kvasir score reads token ids, files and stdin as they are', async () => {
  const wanted = await runCli([...ON_REFERENCE, '--json', golden.scored]);
  expect(await runCli([...ON_REFERENCE, '--json', '--token-ids', golden.scoredIds.join(' ')])).toEqual(wanted);
  expect(await runCli([...ON_REFERENCE, '--json', '-'], { stdin: golden.scored })).toEqual(wanted);
  const folder = await mkdtemp(join(tmpdir(), 'kvasir-'));
  await writeFile(join(folder, 'text.txt'), `${golden.scored}\n`);
  const { tokens } = await runJson<ScoreJson>(...ON_REFERENCE, '--file', join(folder, 'text.txt'));
  expect(tokens.length).toBe(golden.scoredIds.length + 1);
  expect(tokens.at(-1)?.text).toBe('\n');
  await rm(folder, { recursive: true });
});

test('kvasir score reads a long text in windows', async () => {
  const windowed = [...ON_REFERENCE, '--context-length', '16', golden.scored] as const;
  const [far, near] = [await runJson<ScoreJson>(...windowed, '--stride', '15'), await runJson<ScoreJson>(...windowed)];
  expect(far.tokens).toHaveLength(golden.scoredIds.length);
  expect(far.logProb).not.toBeCloseTo(near.logProb, 3);
  const { exitCode, stderr } = await runCli([...windowed, '--stride', '16']);
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('from 1 to 15') });
});

test('kvasir score without a text is a wrong command', async () => {
  expect(await runCli([...ON_REFERENCE])).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: 'kvasir: Cannot score: there is no text; give it as an argument or with --file\n',
  });
});

test('kvasir score --source scores a target', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kvasir-'));
  const model = await saveTinyTranslator(folder);
  const on = ['score', '-m', model, '--threads', '1'];
  const json = await runJson<ScoreJson>(...on, '--source', 'w5 w9', 'w8', 'w40');
  expect(json.tokens.map(({ id }) => id)).toEqual([8, 40, 2]);
  expect(await runJson<ScoreJson>(...on, '--source-ids', '5,9,2', '--token-ids', '8,40,2')).toEqual(json);
  const { stdout } = await runCli([...on, '--source', 'w5 w9', 'w8 w40']);
  expect(stdout).toContain(`log P       ${json.logProb.toFixed(4)} of 3 tokens\n`);
  const both = await runCli([...on, '--source', 'w5', '--source-ids', '5,2', 'w8']);
  expect([both.exitCode, both.stderr]).toEqual([
    2,
    expect.stringContaining('--source and --source-ids are both given'),
  ]);
  const none = await runCli([...on, 'w8']);
  expect([none.exitCode, none.stderr]).toEqual([1, expect.stringContaining('wanted source')]);
  await rm(folder, { recursive: true });
});
