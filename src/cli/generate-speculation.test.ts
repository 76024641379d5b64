import { expect, test } from 'vitest';
import { goldenPath } from '../../test/goldens.ts';
import { runCli, runJson } from '../../test/run-cli.ts';
import type { SpeculationReport } from '../engine/speculative/speculation-report.ts';

const MODEL = goldenPath('models', 'llama-gqa');
const GQA = ['generate', '--device', 'reference', '-m', MODEL, '--ignore-eos', '-n', '30'] as const;
const PROMPT = 'one two three, one two three, one two';

interface GenerateJson {
  readonly tokenIds: readonly number[];
  readonly speculation?: SpeculationReport;
}

test.each([
  ['--prompt-lookup', []],
  ['--prompt-lookup', ['4', '--max-matching-ngram-size', '1', '--no-adapt-draft-length']],
  ['--draft-model', [MODEL]],
  ['--draft-model', [MODEL, '--num-draft-tokens', '3', '--no-adapt-draft-length']],
] as const)('%s %j gives the very text that comes without', async (flag, values) => {
  for (const how of [['--greedy'], ['-t', '1', '--seed', '3', '--n', '2']]) {
    const plain = await runCli([...GQA, ...how, '--prompt', PROMPT]);
    const guessed = await runCli([...GQA, ...how, '--prompt', PROMPT, flag, ...values]);
    expect(guessed.stdout).toBe(plain.stdout);
    expect(plain.stderr).not.toContain('guesses');
    expect(guessed.stderr).toMatch(
      / · guesses: (none|\S+ % accepted, \S+ tokens a run, gain \S+ \(\S+ predicted\)) · /,
    );
  }
});

test('A draft model that is the model itself is always right, which --json reports', async () => {
  const argv = [
    ...GQA,
    '--greedy',
    '--draft-model',
    MODEL,
    '--num-draft-tokens',
    '3',
    '--no-adapt-draft-length',
    PROMPT,
  ];
  const { speculation } = await runJson<GenerateJson>(...argv);
  expect(speculation).toMatchObject({ acceptanceRate: 1, draftedTokens: speculation!.acceptedTokens });
  expect(speculation!.tokensPerRun).toBeGreaterThan(3);
  expect(speculation!.measuredGain).toBeGreaterThan(0);
  const { stderr } = await runCli(argv);
  expect(stderr).toMatch(/ · guesses: 100 % accepted, [34]\.\d\d tokens a run, gain \S+ \(\S+ predicted\) · /);
});

test('The speed of several prompts adds their guesses up', async () => {
  const argv = [...GQA, '--greedy', '--draft-model', MODEL, '--no-adapt-draft-length', '--prompt', PROMPT];
  const { stderr } = await runCli([...argv, '--prompt', 'Hi']);
  expect(stderr).toMatch(/^2 prompts: .* · guesses: (\d+) of \1 accepted, \S+ tokens a run · loaded in /);
});

test('Rejection sampling accepts guesses too, and the same seed draws the same text', async () => {
  const argv = [...GQA, '-t', '1', '--seed', '3', '--draft-model', goldenPath('models', 'llama-gqa-bfloat16')];
  const drawn = () =>
    runJson<GenerateJson>(...argv, '--draft-acceptance', 'rejection', '--no-adapt-draft-length', 'Hi');
  const { tokenIds, speculation } = await drawn();
  expect(speculation!.acceptedTokens).toBeGreaterThan(0);
  expect((await drawn()).tokenIds).toEqual(tokenIds);
});

test.each([
  [
    ['--draft-model', MODEL, '--prompt-lookup', '3'],
    '--draft-model and --prompt-lookup both guess, wanted one of them',
  ],
  [['--num-draft-tokens', '3'], '--num-draft-tokens has no effect without --draft-model'],
  [['--num-draft-tokens', '3', '--prompt-lookup'], '--num-draft-tokens has no effect without --draft-model'],
  [['--draft-acceptance', 'exact'], '--draft-acceptance has no effect without --draft-model or --prompt-lookup'],
  [['--no-adapt-draft-length'], '--no-adapt-draft-length has no effect without --draft-model or --prompt-lookup'],
  [['--draft-acceptance', 'always'], 'Known: exact, rejection.'],
  [['--prompt-lookup', '0'], 'Wanted a whole number of at least 1.'],
  [
    ['--draft-model', MODEL, '--num-beams', '2'],
    '--num-beams is 2, but --draft-model guesses ahead in sampling and greedy decoding only, without guidance',
  ],
  [['--draft-model', MODEL, '--penalty-alpha', '0.6', '--top-k', '4'], '--penalty-alpha is 0.6, but --draft-model'],
  [['--draft-model', MODEL, '--guidance-scale', '2'], '--guidance-scale is 2, but --draft-model'],
])('kvasir generate %j is a wrong command', async (options, message) => {
  const { exitCode, stdout, stderr } = await runCli([...GQA, ...options]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toContain(message);
});

test('A draft model with another vocabulary is refused', async () => {
  const { exitCode, stderr } = await runCli([...GQA, '--draft-model', goldenPath('models', 'qwen3'), PROMPT]);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/101.*409|409.*101/);
});
