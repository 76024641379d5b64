import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { goldenPath, readGoldenJson } from '../../test/goldens.ts';
import { runCli, runJson } from '../../test/run-cli.ts';
import { LLM } from '../llm/llm.ts';

const GREEDY = ['generate', '--device', 'reference', '--greedy', '--ignore-eos'] as const;
const GQA = [...GREEDY, '-m', goldenPath('models', 'llama-gqa'), '-n', '6'] as const;

interface GenerateJson {
  readonly text: string;
  readonly prompt?: string;
  readonly tokenIds: readonly number[];
  readonly finishReason: string;
  readonly usage: { readonly promptTokens: number; readonly completionTokens: number };
  readonly cachedTokens: number;
  readonly choices?: readonly unknown[];
}

const PROMPTS = ['The old keeper', 'A ship', 'Once'];
const REPEATED = PROMPTS.flatMap((prompt) => ['--prompt', prompt]);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvasir-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

test('Several prompts give what each gives alone, in order, numbered', async () => {
  const alone: string[] = [];
  for (const prompt of PROMPTS) alone.push((await runCli([...GQA, prompt])).stdout);
  const { exitCode, stdout, stderr } = await runCli([...GQA, ...REPEATED]);
  expect({ exitCode, stdout }).toEqual({
    exitCode: 0,
    stdout: PROMPTS.map((prompt, i) => `[${i + 1}] "${prompt}"\n${alone[i]}`).join('\n'),
  });
  expect(stderr).toMatch(
    /^3 prompts: \d+ tokens · text: 18 tokens in \S+ s, \S+ tokens\/s in all · loaded in \S+ s\n$/,
  );
});

test('Prompts come from the lines of a file or of stdin, or as token ids', async () => {
  const wanted = (await runCli([...GQA, ...REPEATED])).stdout;
  const file = join(folder, 'prompts.txt');
  await writeFile(file, `${PROMPTS.join('\n\n')}\n`);
  expect((await runCli([...GQA, '--prompts-file', file])).stdout).toBe(wanted);
  expect((await runCli([...GQA, '--prompts-file', '-'], { stdin: PROMPTS.join('\r\n') })).stdout).toBe(wanted);
  const model = goldenPath('models', 'llama-linear');
  const { promptIds, greedyIds } = readGoldenJson<{ promptIds: number[]; greedyIds: number[] }>(
    ...(['models', 'llama-linear', 'golden.json'] as const),
  );
  const argv = [...GREEDY, '-m', model, '-n', '3', '--token-ids', promptIds.join(), '--token-ids', '1,2'];
  expect((await runCli(argv)).stdout).toContain(`\n${greedyIds.slice(0, 3).join(' ')} \n\n[2] "1 2 "\n`);
});

test('--json is a list, of a file with one line too', async () => {
  const one = await runJson<GenerateJson>(...GQA, PROMPTS[1]!);
  const list = await runJson<GenerateJson[]>(...GQA, '--echo', ...REPEATED);
  expect(list.map(({ prompt }) => prompt)).toEqual(PROMPTS);
  expect(list[1]).toMatchObject({ text: one.text, tokenIds: one.tokenIds, usage: one.usage });
  const file = join(folder, 'prompts.txt');
  await writeFile(file, PROMPTS[1]!);
  expect(await runJson<GenerateJson[]>(...GQA, '--prompts-file', file)).toMatchObject([{ tokenIds: one.tokenIds }]);
});

test('Each of several prompts may have several texts', async () => {
  const argv = [...GQA, '--num-beams', '2', '--n', '2', '--echo', '--prompt', 'The', '--prompt', 'x'.repeat(50)];
  const { stdout } = await runCli(argv);
  const headings = stdout.split('\n').filter((line) => line.startsWith('['));
  expect(headings.map((line) => line.replace(/-\d+\.\d{4}$/, 'S'))).toEqual([
    ...['[1.1] "The" · score S', '[1.2] "The" · score S'],
    ...[`[2.1] "${'x'.repeat(40)}…" · score S`, `[2.2] "${'x'.repeat(40)}…" · score S`],
  ]);
  expect(stdout).toMatch(/\[1\.1\].*\nThe/);
  const list = await runJson<GenerateJson[]>(...argv);
  expect(list.map(({ choices }) => choices!.length)).toEqual([2, 2]);
});

test('More prompts than an engine lets wait are no obstacle', async () => {
  const stdin = 'a\n'.repeat(1030);
  const argv = [...GREEDY, '-m', goldenPath('models', 'llama-gqa'), '-n', '1', '--prompts-file', '-'];
  const { exitCode, stdout } = await runCli(argv, { stdin });
  expect(exitCode).toBe(0);
  expect(stdout).toContain('[1030] "a"');
});

test('What prompts have in common is computed once, unless that is switched off', async () => {
  const common = 'The old keeper of the light went down to the sea, and ';
  const prompts = ['--max-num-sequences', '1', '--prompt', `${common}a`, '--prompt', `${common}b`];
  const [first, second] = await runJson<GenerateJson[]>(...GQA, ...prompts);
  expect(first!.cachedTokens).toBe(0);
  expect(second!.cachedTokens).toBeGreaterThanOrEqual(16);
  const { stderr } = await runCli([...GQA, ...prompts]);
  expect(stderr).toMatch(new RegExp(`^2 prompts: \\d+ tokens \\(${second!.cachedTokens} cached\\) · `));
  const [, without] = await runJson<GenerateJson[]>(...GQA, '--no-prefix-cache', ...prompts);
  expect(without).toMatchObject({ cachedTokens: 0, tokenIds: second!.tokenIds });
});

test.each([
  [['--prompt', 'a', 'b'], 2, 'Cannot read the text: it is given in 2 ways, wanted one'],
  [['--prompts-file', 'x', '--prompt-file', 'y'], 2, 'it is given in 2 ways'],
  [['--prompt', 'a', '--token-ids', '1'], 2, 'it is given in 2 ways'],
  [['--prompts-file', '-'], 1, 'Cannot read the prompts of -: there are none'],
  [['--prompts-file', './nothing'], 1, 'Cannot read ./nothing: there is no such file'],
  [['--prompt', 'a', '--prompt', 'word '.repeat(100)], 1, 'the context holds 128'],
])('kvasir generate %j fails with %i', async (options, wanted, message) => {
  const { exitCode, stdout, stderr } = await runCli([...GQA, ...options]);
  expect({ exitCode, stdout }).toEqual({ exitCode: wanted, stdout: '' });
  expect(stderr).toContain(message);
});

test('Ctrl-C with --json prints those that are done, and what there is of the others', async () => {
  let press = () => {};
  const { stream } = LLM.prototype;
  vi.spyOn(LLM.prototype, 'stream').mockImplementation(async function* (this: LLM, prompt, options) {
    const tokens = stream.call(this, prompt, options);
    for (let i = 0; ; i++) {
      if (prompt === 'Hi' && i === 12) press();
      const next = await tokens.next();
      if (next.done) return next.value;
      yield next.value;
    }
  });
  const words = 'a b c d e f g h i j k';
  const argv = [...GREEDY, '-m', goldenPath('models', 'llama-gqa'), '--max-length', '25'];
  const all = await runJson<GenerateJson[]>(...argv, '--prompt', words, '--prompt', 'Hi');
  expect(all[0]!.usage.completionTokens).toBeLessThan(10);
  const { exitCode, stdout } = await runCli([...argv, '--prompt', words, '--prompt', 'Hi', '--json'], {
    onStart: (pressCtrlC) => {
      press = pressCtrlC;
    },
  });
  expect(exitCode).toBe(130);
  const [done, stopped] = JSON.parse(stdout) as GenerateJson[];
  expect(done).toMatchObject({ tokenIds: all[0]!.tokenIds, finishReason: 'length' });
  expect(stopped!.finishReason).toBe('interrupted');
  expect(stopped!.tokenIds.length).toBeGreaterThanOrEqual(12);
  expect(stopped!.tokenIds.length).toBeLessThan(all[1]!.tokenIds.length);
  expect(stopped!.tokenIds).toEqual(all[1]!.tokenIds.slice(0, stopped!.tokenIds.length));
});
