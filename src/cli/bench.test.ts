import { afterEach, describe, expect, test, vi } from 'vitest';
import { goldenPath } from '../../test/goldens.ts';
import { runCli, runJson } from '../../test/run-cli.ts';
import { LLM } from '../llm/llm.ts';
import { modelPreset } from '../models/presets.ts';

const MODEL = goldenPath('models', 'llama-gqa');
const SMALL = ['--prompt-tokens', '8', '--new-tokens', '5'] as const;
const BENCH = ['bench', '--device', 'reference', '-m', MODEL, ...SMALL] as const;

interface BenchJson {
  readonly model: string;
  readonly device: string;
  readonly threads: number;
  readonly rounds: number;
  readonly levels: readonly {
    readonly concurrency: number;
    readonly tokensPerSecond: number;
    readonly ratio: number;
    readonly timeToFirstTokenMs: number;
    readonly interTokenMs: number;
    readonly overheadShare: number;
    readonly blocks: { readonly peak: number; readonly total: number; readonly wasteShare: number };
    readonly speculation?: Readonly<Record<string, number>>;
  }[];
}

afterEach(() => {
  vi.restoreAllMocks();
});

/** The prompts and the options of every call of `LLM.generate`. */
function recordCalls() {
  const calls: { prompts: readonly (readonly number[])[]; options: Record<string, unknown> }[] = [];
  const { generate } = LLM.prototype;
  vi.spyOn(LLM.prototype, 'generate').mockImplementation(function (this: LLM, ...args: unknown[]) {
    calls.push({ prompts: args[0] as number[][], options: args[1] as Record<string, unknown> });
    return generate.apply(this, args as Parameters<typeof generate>);
  } as typeof generate);
  return calls;
}

describe('kvasir bench', () => {
  test('prints a row for each number of requests, and says on stderr where it is', async () => {
    const { exitCode, stdout, stderr } = await runCli([...BENCH, '--concurrency', '1,3']);
    expect(exitCode).toBe(0);
    expect(stderr).toBe('1 request at once …\n3 requests at once …\n');
    const [title, , head, ...rows] = stdout.trimEnd().split('\n');
    expect(title).toBe(`${MODEL} · reference, 1 thread · 8 prompt and 5 new tokens · 1 round`);
    expect(head!.trim().split(/ {2,}/)).toEqual([
      ...['requests', 'tokens/s', 'ratio', 'first token', 'between', 'overhead', 'blocks', 'waste'],
    ]);
    expect(rows.map((row) => row.trim().split(/ +/)[0])).toEqual(['1', '3']);
    expect(rows[0]).toMatch(/^ +1 +\S+ +1\.00 +\S+ ms +\S+ ms +\S+ % +1 +\S+ %$/);
  });

  test('--json prints the same as numbers, and nothing on stderr', async () => {
    const { exitCode, stdout, stderr } = await runCli([...BENCH, '--concurrency', '1,3', '--rounds', '2', '--json']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const { levels, ...facts } = JSON.parse(stdout) as BenchJson;
    expect(facts).toEqual({
      ...{ model: MODEL, device: 'reference', threads: 1, promptTokens: 8, newTokens: 5, rounds: 2, seed: 0 },
      loadMs: expect.any(Number),
    });
    expect(levels.map(({ concurrency }) => concurrency)).toEqual([1, 3]);
    const [one, three] = levels;
    expect(three!.ratio).toBeCloseTo(three!.tokensPerSecond / one!.tokensPerSecond, 10);
    for (const level of levels) {
      expect(level.tokensPerSecond).toBeGreaterThan(0);
      expect(level.timeToFirstTokenMs).toBeGreaterThan(0);
      expect(level.interTokenMs).toBeGreaterThan(0);
      expect(level.overheadShare).toBeGreaterThan(0);
      expect(level.overheadShare).toBeLessThan(1);
      expect(level).not.toHaveProperty('speculation');
    }
    // 13 tokens take one block of 16; the last token is never cached.
    expect(levels.map(({ blocks }) => blocks.peak)).toEqual([1, 3]);
    expect(one!.blocks).toEqual({ peak: 1, total: 3, wasteShare: expect.closeTo((8 + 7 + 6 + 5) / (4 * 16), 10) });
  });

  test('asks for random tokens of the seed, greedily, to the full length', async () => {
    const calls = recordCalls();
    await runCli([...BENCH, '--concurrency', '2', '--rounds', '2', '--seed', '5']);
    const [warmUp, first, second] = calls;
    expect(warmUp!.prompts).toHaveLength(1);
    expect(calls).toHaveLength(3);
    expect(first!.prompts.map((prompt) => prompt.length)).toEqual([8, 8]);
    expect(first!.prompts[0]).not.toEqual(first!.prompts[1]);
    expect(second!.prompts).not.toEqual(first!.prompts);
    expect(first!.options).toMatchObject({ temperature: 0, ignoreEos: true, maxNewTokens: 5 });
    for (const id of first!.prompts.flat()) expect(id).toBeLessThan(409);
    await runCli([...BENCH, '--concurrency', '2', '--seed', '5']);
    expect(calls.at(-1)!.prompts).toEqual(first!.prompts);
  });

  test('measures GPT-2 with random weights unless a model is given', async () => {
    const seen: unknown[] = [];
    vi.spyOn(LLM, 'random').mockImplementation((description, options) => {
      seen.push(description.config);
      return LLM.load(MODEL, options);
    });
    const argv = ['bench', '--device', 'reference', ...SMALL, '--concurrency', '1'];
    const { stdout, stderr } = await runCli(argv);
    expect(stdout).toMatch(/^gpt2 with random weights · /);
    expect(stderr).toMatch(/^drawing random weights for gpt2 …\n/);
    await runCli([...argv, '-m', 'gpt2-xl']);
    expect(seen).toEqual([modelPreset('gpt2').config, modelPreset('gpt2-xl').config]);
  });
});

describe('kvasir bench with speculation', () => {
  test('compares with the same requests without it', async () => {
    const calls = recordCalls();
    const argv = [...BENCH, '--concurrency', '2', '--rounds', '2', '--new-tokens', '9', '--draft-model', MODEL];
    const { levels } = await runJson<BenchJson>(...argv, '--num-draft-tokens', '3', '--no-adapt-draft-length');
    expect(levels[0]!.speculation).toEqual({
      tokensPerSecond: expect.any(Number),
      acceptanceRate: 1,
      tokensPerRun: expect.any(Number),
      predictedGain: expect.any(Number),
      measuredGain: expect.closeTo(levels[0]!.speculation!.tokensPerSecond! / levels[0]!.tokensPerSecond, 10),
    });
    // Of the eight tokens after the first one six are guessed, and each of two runs gives one of its own.
    expect(levels[0]!.speculation!.tokensPerRun).toBe(4);
    const measured = calls.slice(2);
    expect(measured.map(({ options }) => 'draftProposer' in options)).toEqual([true, false, false, true]);
    expect(measured[1]!.prompts).toEqual(measured[0]!.prompts);
    expect(measured[1]!.options).toMatchObject({ numDraftTokens: 3, adaptDraftLength: false });
  });

  test('prints a table of its own', async () => {
    const { stdout } = await runCli([...BENCH, '--concurrency', '1,2', '--prompt-lookup', '2']);
    const [, table] = stdout.split('\n\nWith speculation:\n\n');
    const [head, ...rows] = table!.trimEnd().split('\n');
    expect(head!.trim().split(/ {2,}/)).toEqual([
      ...['requests', 'tokens/s', 'accepted', 'tokens a run', 'predicted gain', 'measured gain'],
    ]);
    expect(rows.map((row) => row.trim().split(/ +/)[0])).toEqual(['1', '2']);
  });
});

test.each([
  [['--concurrency', '1,x'], 'Wanted a whole number of at least 1.'],
  [['--concurrency', ','], 'Wanted whole numbers of at least 1.'],
  [['--new-tokens', '0'], 'Wanted a whole number of at least 1.'],
  [['--draft-model', MODEL, '--prompt-lookup'], 'both guess, wanted one of them'],
  [['--num-draft-tokens', '2'], '--num-draft-tokens has no effect without --draft-model'],
  [['--max-matching-ngram-size', '3'], 'without --prompt-lookup it has no effect'],
  [
    ['--new-tokens', '121'],
    'the length of a request (--prompt-tokens and --new-tokens together) is 129, wanted 1 to 128',
  ],
  [['--cache-tokens', '5'], '--cache-tokens is 5, wanted at least the length of a request'],
  [
    ['--max-num-sequences', '30', '--max-num-batched-tokens', '20'],
    '--max-num-sequences is 30, wanted at most --max-num-batched-tokens, 20',
  ],
])('kvasir bench %j is a wrong command', async (options, message) => {
  const { exitCode, stdout, stderr } = await runCli([...BENCH, ...options]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toContain(message);
});

test('Ctrl-C ends kvasir bench with the figures there are', async () => {
  for (const json of [false, true]) {
    let press = () => {};
    const calls = recordCalls();
    const spied = vi.mocked(LLM.prototype.generate).getMockImplementation()!;
    vi.mocked(LLM.prototype.generate).mockImplementation(function (this: LLM, ...args: unknown[]) {
      const generation = spied.apply(this, args as Parameters<typeof spied>);
      if (calls.at(-1)!.prompts.length === 2) press();
      return generation;
    } as typeof spied);
    const { exitCode, stdout } = await runCli([...BENCH, '--concurrency', '1,2,3', ...(json ? ['--json'] : [])], {
      onStart: (pressCtrlC) => {
        press = pressCtrlC;
      },
    });
    vi.restoreAllMocks();
    expect(exitCode).toBe(130);
    if (json) expect((JSON.parse(stdout) as BenchJson).levels.map(({ concurrency }) => concurrency)).toEqual([1]);
    else expect(stdout.trimEnd().split('\n')).toHaveLength(4);
  }
});
