import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { goldenPath } from '../../test/goldens.ts';
import { runCli, runJson } from '../../test/run-cli.ts';

const MODEL = ['-m', goldenPath('models', 'llama-gqa'), '--device', 'reference'];
const ADAPTER = goldenPath('lora', 'llama-gqa');
const PROMPT = ['--prompt', 'the cat sat on the mat'];

interface Generated {
  readonly tokenIds: readonly number[];
}

test('generate goes through an adapter, beside the model or merged into it', async () => {
  const argv = ['generate', ...MODEL, ...PROMPT, '-n', '12', '--greedy'];
  const alone = await runJson<Generated>(...argv);
  const beside = await runJson<Generated>(...argv, '--adapter', ADAPTER);
  const merged = await runJson<Generated>(...argv, '--merge-adapter', ADAPTER);
  expect(beside.tokenIds).not.toEqual(alone.tokenIds);
  expect(merged.tokenIds).toEqual(beside.tokenIds);
});

test('score goes through an adapter', async () => {
  const argv = ['score', ...MODEL, 'the cat sat on the mat'];
  const [alone, beside, merged] = [
    await runJson<{ logProb: number }>(...argv),
    await runJson<{ logProb: number }>(...argv, '--adapter', ADAPTER),
    await runJson<{ logProb: number }>(...argv, '--merge-adapter', ADAPTER),
  ];
  expect(Math.abs(beside.logProb - alone.logProb)).toBeGreaterThan(1e-3);
  expect(merged.logProb).toBeCloseTo(beside.logProb, 4);
});

test('a folder that holds no adapter, or one of another model', async () => {
  const argv = ['generate', ...MODEL, ...PROMPT, '--adapter'];
  const none = await runCli([...argv, goldenPath('models')]);
  expect(none).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('it has no adapter_config.json') });
  const other = await runCli([...argv, goldenPath('lora', 'gpt2')]);
  expect(other.exitCode).not.toBe(0);
  expect(other.stderr).toContain('name no linear layer of the model');
});

describe('kvasir merge-adapter', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kvasir-merge-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test.each(['float32', 'bfloat16'])(
    'writes a model that says in %s what model and adapter say together',
    async (dtype) => {
      const base = goldenPath('models', dtype === 'float32' ? 'llama-gqa' : 'llama-gqa-bfloat16');
      const output = join(folder, 'merged');
      const argv = ['merge-adapter', '-m', base, '--adapter', ADAPTER, '-o', output];
      expect(await runJson(...argv)).toMatchObject({ output, dtype });
      const scoreOf = async (...model: string[]) =>
        (await runJson<{ logProb: number }>('score', '--device', 'reference', 'the cat sat', ...model)).logProb;
      // Tokenizer included: the folder needs nothing of the other.
      const merged = await scoreOf('-m', output);
      expect(merged).toBe(await scoreOf('-m', base, '--merge-adapter', ADAPTER));
      const again = await runCli(argv);
      expect(again).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(`${output}: it is there already`) });
    },
  );

  test('leaves nothing behind if it fails', async () => {
    const argv = ['merge-adapter', ...MODEL.slice(0, 2), '-o', join(folder, 'merged')];
    const foreign = await runCli([...argv, '--adapter', goldenPath('lora', 'gpt2')]);
    expect(foreign.exitCode).not.toBe(0);
    expect(foreign.stderr).toContain('name no linear layer of the model');
    expect(await readdir(folder)).toEqual([]);
    expect(await runCli(argv)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('--model, --adapter and --output are all needed'),
    });
  });
});
