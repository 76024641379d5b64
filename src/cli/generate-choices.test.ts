import { copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { goldenPath } from '../../test/goldens.ts';
import { runCli, runJson } from '../../test/run-cli.ts';
import type { GenerateOptions } from '../llm/generate-options.ts';
import { LLM } from '../llm/llm.ts';

const MODEL = goldenPath('models', 'llama-gqa');
const ON_REFERENCE = ['generate', '--device', 'reference', '--ignore-eos', '-n', '8'] as const;
const GQA = [...ON_REFERENCE, '-m', MODEL] as const;
const BEAMS = [...GQA, '--greedy', '--num-beams', '3'] as const;
const DRAWN = [...GQA, '-t', '1', '--seed', '7'] as const;

interface ChoiceJson {
  readonly text: string;
  readonly tokenIds: readonly number[];
  readonly finishReason: string;
  readonly score?: number;
  readonly logProbs?: readonly unknown[];
}

interface GenerateJson extends ChoiceJson {
  readonly prompt?: string;
  readonly choices?: readonly ChoiceJson[];
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvasir-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

/** What the library gives for the same. */
async function choicesOf(options: GenerateOptions) {
  await using llm = await LLM.load(MODEL, { device: 'reference' });
  return (await llm.generate('Once', { maxNewTokens: 8, ignoreEos: true, ...options })).choices;
}

test('Several beams are numbered, best first, with their scores', async () => {
  const [first, second] = await choicesOf({ temperature: 0, numBeams: 3, n: 2 });
  expect(first!.score).toBeGreaterThan(second!.score!);
  const { exitCode, stdout, stderr } = await runCli([...BEAMS, '--n', '2', 'Once']);
  expect({ exitCode, stdout }).toEqual({
    exitCode: 0,
    stdout: [
      ...[`[1] score ${first!.score!.toFixed(4)}`, first!.text, ''],
      ...[`[2] score ${second!.score!.toFixed(4)}`, second!.text, ''],
    ].join('\n'),
  });
  expect(stderr).toMatch(/ · text: 16 tokens in 2 texts, \S+ tokens\/s · loaded in \S+ s\n$/);
});

test('The best beam alone is a text without a number; its score stands beside the speed', async () => {
  const [best] = await choicesOf({ temperature: 0, numBeams: 3 });
  const { stdout, stderr } = await runCli([...BEAMS, '--echo', 'Once']);
  expect(stdout).toBe(`Once${best!.text}\n`);
  expect(stderr).toContain(` · score: ${best!.score!.toFixed(4)} · `);
});

test('Several drawn texts are numbered', async () => {
  const [first, second] = await choicesOf({ temperature: 1, seed: 7, n: 2 });
  expect(first!.text).not.toBe(second!.text);
  const { stdout } = await runCli([...DRAWN, '--n', '2', '--echo', 'Once']);
  expect(stdout).toBe(`[1]\nOnce${first!.text}\n\n[2]\nOnce${second!.text}\n`);
});

test('The best of several drawn texts is one text', async () => {
  const [best] = await choicesOf({ temperature: 1, seed: 7, bestOf: 4 });
  expect((await runCli([...DRAWN, '--best-of', '4', 'Once'])).stdout).toBe(`${best!.text}\n`);
});

test('Contrastive search and groups of beams are what the library makes of them', async () => {
  const [contrastive] = await choicesOf({ penaltyAlpha: 0.6, topK: 4 });
  const argv = [...GQA, '--penalty-alpha', '0.6', '--top-k', '4', 'Once'];
  expect((await runCli(argv)).stdout).toBe(`${contrastive!.text}\n`);
  const groups = await choicesOf({ temperature: 0, numBeams: 4, numBeamGroups: 2, diversityPenalty: 5, n: 4 });
  const flags = ['--num-beams', '4', '--num-beam-groups', '2', '--diversity-penalty', '5', '--n', '4'];
  const { choices } = await runJson<GenerateJson>(...GQA, '--greedy', ...flags, 'Once');
  expect(choices!.map(({ tokenIds }) => tokenIds)).toEqual(groups.map(({ tokenIds }) => tokenIds));
});

test('Each text is followed by its table of log probabilities', async () => {
  const { stdout } = await runCli([...DRAWN, '-n', '2', '--n', '2', '--log-probs', '1', 'Once']);
  expect(stdout).toMatch(/^\[1\]\n.*\n\n +log P .*\n-.*\n-.*\n\n\[2\]\n.*\n\n +log P .*\n-.*\n-.*\n$/s);
});

test('--json has the best text, and all of them with their scores', async () => {
  const wanted = await choicesOf({ temperature: 0, numBeams: 3, n: 2, logProbs: 1 });
  const json = await runJson<GenerateJson>(...BEAMS, '--n', '2', '--log-probs', '1', 'Once');
  expect(json.choices!.map((choice) => Object.keys(choice))).toEqual(
    Array(2).fill(['text', 'tokenIds', 'finishReason', 'score', 'logProbs']),
  );
  expect(json).toMatchObject({ text: wanted[0]!.text, tokenIds: wanted[0]!.tokenIds, score: wanted[0]!.score });
  for (const [i, choice] of json.choices!.entries()) {
    const { text, tokenIds, finishReason, score } = wanted[i]!;
    expect(choice).toMatchObject({ text, tokenIds, finishReason, score });
    expect(choice.logProbs).toHaveLength(8);
  }
});

test('--json of drawn texts has no scores, and of one text no choices', async () => {
  const { choices } = await runJson<GenerateJson>(...DRAWN, '--n', '2', 'Once');
  expect(choices!.map((choice) => Object.keys(choice))).toEqual(Array(2).fill(['text', 'tokenIds', 'finishReason']));
  expect(await runJson<GenerateJson>(...DRAWN, 'Once')).not.toHaveProperty('choices');
});

/** The golden model with other defaults. */
async function modelWith(generationConfig: object): Promise<string> {
  for (const name of await readdir(MODEL)) await copyFile(join(MODEL, name), join(folder, name));
  await writeFile(join(folder, 'generation_config.json'), JSON.stringify(generationConfig));
  return folder;
}

test('A model may ask for beams by itself', async () => {
  const model = await modelWith({ num_beams: 3 });
  const [best] = await choicesOf({ temperature: 0, numBeams: 3 });
  expect((await runCli([...ON_REFERENCE, '-m', model, 'Once'])).stdout).toBe(`${best!.text}\n`);
  const { stdout } = await runCli([...ON_REFERENCE, '-m', model, '--n', '2', 'Once']);
  expect(stdout).toMatch(/^\[1\] score .*\[2\] score /s);
});

test('Whether texts are drawn may be up to the model', async () => {
  const drawing = await modelWith({ do_sample: true });
  expect((await runCli([...ON_REFERENCE, '-m', drawing, '--n', '2', 'Once'])).stdout).toMatch(/^\[1\]\n.*\[2\]\n/s);
  const greedy = await modelWith({});
  const { exitCode, stderr } = await runCli([...ON_REFERENCE, '-m', greedy, '--n', '2', 'Once']);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--num-return-sequences is 2 and --temperature is 0, but without drawing or beams');
});

test('Ctrl-C ends a search', async () => {
  let press = () => {};
  const { generate } = LLM.prototype;
  vi.spyOn(LLM.prototype, 'generate').mockImplementation(function (this: LLM, ...args: unknown[]) {
    const generation = generate.apply(this, args as Parameters<typeof generate>);
    press();
    return generation;
  } as typeof generate);
  const onStart = (pressCtrlC: () => void) => {
    press = pressCtrlC;
  };
  expect(await runCli([...BEAMS, 'Once'], { onStart })).toEqual({
    exitCode: 130,
    stdout: '\n',
    stderr: 'interrupted\n',
  });
  const { exitCode, stdout } = await runCli([...BEAMS, '--json', 'Once'], { onStart });
  expect(exitCode).toBe(130);
  expect(JSON.parse(stdout)).toMatchObject({ text: '', tokenIds: [], finishReason: 'interrupted' });
});
