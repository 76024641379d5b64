import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { goldenPath, readGoldenJson } from '../../test/goldens.ts';
import { runCli, runJson } from '../../test/run-cli.ts';
import { LLM } from '../llm/llm.ts';

const MODEL = goldenPath('models', 'llama-gqa');
const golden = readGoldenJson<Golden>('models', 'llama-gqa', 'golden.json');
const ON_REFERENCE = ['generate', '--device', 'reference'] as const;
const GREEDY = [...ON_REFERENCE, '--model', MODEL, '--greedy', '--ignore-eos', '-n', '24'] as const;

interface Golden {
  readonly prompt: string;
  readonly promptIds: readonly number[];
  readonly greedyIds: readonly number[];
}

interface GenerateJson {
  readonly text: string;
  readonly prompt?: string;
  readonly tokenIds: readonly number[];
  readonly finishReason: string;
  readonly usage: { readonly promptTokens: number; readonly completionTokens: number };
  readonly seed: number;
  readonly timings: Readonly<Record<string, number>>;
  readonly logProbs?: readonly { tokenId: number; text: string; logProb: number; topLogProbs: readonly unknown[] }[];
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvasir-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

describe('--json', () => {
  test('prints one object with the golden continuation', async () => {
    const json = await runJson<GenerateJson>(...GREEDY, golden.prompt);
    expect(Object.keys(json)).toEqual([
      ...['text', 'tokenIds', 'finishReason', 'usage', 'cachedTokens', 'seed', 'timings'],
    ]);
    expect(json.tokenIds).toEqual(golden.greedyIds);
    expect(json.finishReason).toBe('length');
    expect(json.usage).toEqual({ promptTokens: golden.promptIds.length, completionTokens: 24 });
    for (const name of ['loadMs', 'prefillMs', 'decodeMs', 'promptTokensPerSecond', 'tokensPerSecond'])
      expect(json.timings[name]).toBeGreaterThan(0);
  });

  test('gives log probabilities when asked, with the texts of the tokens', async () => {
    const { logProbs, tokenIds } = await runJson<GenerateJson>(
      ...GREEDY,
      '-n',
      '2',
      '--log-probs',
      '3',
      '--prompt',
      'Hi',
    );
    expect(logProbs?.map(({ tokenId }) => tokenId)).toEqual(tokenIds);
    expect(logProbs?.[0]?.logProb).toBeLessThan(0);
    expect(logProbs?.[0]?.topLogProbs).toHaveLength(3);
    expect(logProbs?.[0]?.topLogProbs[0]).toEqual({
      tokenId: tokenIds[0],
      logProb: logProbs?.[0]?.logProb,
      text: logProbs?.[0]?.text,
    });
  });

  test('says nothing on stderr, not even on a terminal', async () => {
    const { stderr } = await runCli([...GREEDY, '--json', golden.prompt], { isTerminal: true });
    expect(stderr).toBe('');
  });

  test('keeps the prompt apart from the text where both are wanted', async () => {
    const { prompt, text } = await runJson<GenerateJson>(...GREEDY, '--echo', golden.prompt);
    expect(prompt).toBe(golden.prompt);
    expect(text).toBe((await runJson<GenerateJson>(...GREEDY, golden.prompt)).text);
  });
});

describe('the text', () => {
  test('goes to stdout and the speed to stderr, without colours', async () => {
    const { text } = await runJson<GenerateJson>(...GREEDY, golden.prompt);
    const { exitCode, stdout, stderr } = await runCli([...GREEDY, golden.prompt]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `${text}\n` });
    expect(stderr).toMatch(/^prompt: 23 tokens, \S+ tokens\/s · text: 24 tokens, \S+ tokens\/s · loaded in \S+ s\n$/);
  });

  test('is the same without a cache', async () => {
    expect((await runCli([...GREEDY, '--no-cache', golden.prompt])).stdout).toBe(
      (await runCli([...GREEDY, golden.prompt])).stdout,
    );
  });

  test('follows the prompt where that is wanted, dimmed on a terminal only', async () => {
    const argv = [...GREEDY, '-n', '1', '--echo', 'Once'];
    expect((await runCli(argv)).stdout).toMatch(/^Once/);
    expect((await runCli(argv, { isTerminal: true })).stdout).toContain('\x1b[2mOnce\x1b[22m');
    expect((await runCli(argv, { isTerminal: true, env: { NO_COLOR: '1' } })).stdout).toMatch(/^Once/);
  });

  test('cannot steer a terminal', async () => {
    const steering = '\x1b[2J\x07';
    const argv = [...GREEDY, '-n', '1', '--echo', steering];
    expect((await runCli(argv)).stdout).toContain(steering);
    const onTerminal = await runCli(argv, { isTerminal: true, env: { NO_COLOR: '1' } });
    expect(onTerminal.stdout).toMatch(/^\ufffd\[2J\ufffd/);
  });

  test('is followed by a table of log probabilities when asked', async () => {
    const { stdout } = await runCli([...GREEDY, '-n', '2', '--log-probs', '2', '--prompt', 'Hi']);
    expect(stdout).toMatch(/\n\n +log P {2}token +likeliest\n-\d\.\d{4} {2}".*" +".*" -\d\.\d{4} {2}".*" -\d\.\d{4}\n/);
  });

  test('of a model without a tokenizer is its token ids', async () => {
    const { greedyIds, promptIds } = readGoldenJson<Golden>('models', 'llama-linear', 'golden.json');
    const model = goldenPath('models', 'llama-linear');
    const argv = [...ON_REFERENCE, '-m', model, '--greedy', '--ignore-eos', '-n', '3', '--token-ids', promptIds.join()];
    expect((await runCli(argv)).stdout).toBe(`${greedyIds.slice(0, 3).join(' ')} \n`);
    const { exitCode, stderr } = await runCli([...ON_REFERENCE, '-m', model, 'Once']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringMatching(/the model has no tokenizer/) });
  });
});

describe('the prompt', () => {
  const texts = async (argv: readonly string[], stdin?: string) =>
    (await runCli([...GREEDY, '-n', '3', '--echo', ...argv], stdin === undefined ? {} : { stdin })).stdout;

  test('comes as arguments, as an option, from a file or from stdin, without the last line break', async () => {
    const file = join(folder, 'prompt.txt');
    await writeFile(file, 'The old keeper\n');
    const wanted = await texts(['The', 'old', 'keeper']);
    expect(wanted).toMatch(/^The old keeper\S/);
    expect(await texts(['--prompt', 'The old keeper'])).toBe(wanted);
    expect(await texts(['--prompt-file', file])).toBe(wanted);
    expect(await texts(['-'], 'The old keeper\n')).toBe(wanted);
    expect(await texts(['--prompt-file', '-'], 'The old keeper')).toBe(wanted);
  });

  test('may be left out: the model begins', async () => {
    expect((await runJson<GenerateJson>(...GREEDY, '-n', '2')).usage).toEqual({ promptTokens: 1, completionTokens: 2 });
  });

  test('comes in one way', async () => {
    const { exitCode, stderr } = await runCli([...GREEDY, '--prompt', 'one', 'two']);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: 'kvasir: Cannot read the text: it is given in 2 ways, wanted one\n',
    });
  });

  test('from a file that is not there fails', async () => {
    const { exitCode, stderr } = await runCli([...GREEDY, '--prompt-file', join(folder, 'nothing')]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: `kvasir: Cannot read ${folder}/nothing: there is no such file\n`,
    });
  });
});

describe('without a model', () => {
  const argv = [...ON_REFERENCE, '-n', '4', 'Hi'];

  test('the bundled one writes the same story for the same seed, and says what it is', async () => {
    const { exitCode, stdout, stderr } = await runCli([...argv, '--seed', '3']);
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/^kvasir: no --model given; this is the bundled model "stories", [\d,]+ parameters/);
    expect((await runCli([...argv, '--seed', '3'])).stdout).toBe(stdout);
  });
});

describe('failures', () => {
  test('have a message and no stack', async () => {
    const argv = [...ON_REFERENCE, '-m', './no/such/model', 'Hi'];
    const message = 'kvasir: Cannot find the model ./no/such/model: there is no such folder\n';
    expect(await runCli(argv)).toEqual({ exitCode: 1, stdout: '', stderr: message });
  });

  test.each([
    [['--debug'], {}],
    [[], { KVASIR_DEBUG: '1' }],
  ])('show their stack with %j %j', async (flags, env) => {
    const { exitCode, stderr } = await runCli([...ON_REFERENCE, '-m', './no/such/model', ...flags], { env });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/\n {4}at /);
  });

  test('name the token that the model does not have', async () => {
    const { exitCode, stderr } = await runCli([...GREEDY, '--token-ids', '1,99999']);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: 'kvasir: Cannot take a request: token id 99999, wanted 0 to 408\n',
    });
  });
});

describe('Ctrl-C', () => {
  const LONG = [...ON_REFERENCE, '-m', MODEL, '--greedy', '--ignore-eos', '-n', '100', golden.prompt] as const;

  test('ends the text and leaves what there is', async () => {
    const { stdout: whole } = await runCli(LONG);
    const { exitCode, stdout, stderr } = await runCli(LONG, {
      onOutput: (text, pressCtrlC) => text.length > 10 && pressCtrlC(),
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 130, stderr: 'interrupted\n' });
    expect(stdout.length).toBeLessThan(20);
    expect(whole.startsWith(stdout.trimEnd())).toBe(true);
  });

  test('with --json prints what there is as JSON', async () => {
    let press = () => {};
    const { stream } = LLM.prototype;
    vi.spyOn(LLM.prototype, 'stream').mockImplementation(async function* (this: LLM, ...args) {
      const tokens = stream.apply(this, args);
      for (let i = 0; ; i++) {
        if (i === 3) press();
        const next = await tokens.next();
        if (next.done) return next.value;
        yield next.value;
      }
    });
    const { exitCode, stdout } = await runCli([...LONG, '--log-probs', '--json'], {
      onStart: (pressCtrlC) => {
        press = pressCtrlC;
      },
    });
    expect(exitCode).toBe(130);
    const json = JSON.parse(stdout) as GenerateJson;
    expect(json.finishReason).toBe('interrupted');
    expect(json.tokenIds).toEqual(golden.greedyIds.slice(0, 3));
    expect(json.usage).toEqual({ promptTokens: 23, completionTokens: 3 });
    expect(json.logProbs).toHaveLength(3);
  });
});

test('A reader of stdout that goes away ends the command quietly', async () => {
  const argv = [...ON_REFERENCE, '-m', MODEL, '--greedy', '--ignore-eos', '-n', '100', golden.prompt];
  const { exitCode, stdout, stderr } = await runCli(argv, { closesAfter: 10 });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout.length).toBeLessThan(20);
});
