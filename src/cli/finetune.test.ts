import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { goldenPath } from '../../test/goldens.ts';
import { runCli, runJson } from '../../test/run-cli.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import type { Metric } from './training/metrics-log.ts';

const folder = temporaryFolder();
const MODEL = goldenPath('models', 'llama-gqa');
const OUTPUT = () => folder.path('run');

interface RunJson {
  readonly checkpoint: string;
  readonly step: number;
  readonly loss: number;
}

async function answers(): Promise<string> {
  const lines = ['cat', 'dog', 'bird', 'fish'].map((prompt) => JSON.stringify({ prompt, completion: ' on the mat' }));
  return folder.write('answers.jsonl', `${lines.join('\n')}\n`.repeat(3));
}

async function tinyArguments(...more: readonly string[]): Promise<readonly string[]> {
  return [
    ...['finetune', '-m', MODEL, '-d', await answers(), '-o', OUTPUT(), '--threads', '1'],
    ...['-b', '2', '-n', '12', '--learning-rate', '0.01', '--evaluate-every', '12', ...more],
  ];
}

async function lossesOf(output: string): Promise<readonly number[]> {
  const lines = (await readFile(join(output, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
  return lines.flatMap((line) => {
    const metric = JSON.parse(line) as Metric;
    return metric.kind === 'step' ? [metric.loss] : [];
  });
}

test('kvasir finetune goes on with all weights of a model, and keeps its configuration and tokenizer', async () => {
  const { checkpoint, step } = await runJson<RunJson>(...(await tinyArguments()));
  expect(step).toBe(12);
  const losses = await lossesOf(OUTPUT());
  expect(losses.at(-1)!).toBeLessThan(losses[0]! - 1);
  expect(await readdir(checkpoint)).toEqual([
    ...['config.json', 'generation_config.json', 'model.safetensors'],
    ...['tokenizer.json', 'tokenizer_config.json', 'training-state'],
  ]);
  const [config, base] = await Promise.all(
    [checkpoint, MODEL].map(async (path) => JSON.parse(await readFile(join(path, 'config.json'), 'utf8'))),
  );
  expect(config).toEqual(base);
  const evaluate = async (model: string) =>
    (
      await runJson<{ models: readonly [{ total: { loss: number } }] }>(
        'evaluate',
        '-m',
        model,
        '-d',
        await answers(),
        '--device',
        'reference',
      )
    ).models[0].total.loss;
  expect(await evaluate(checkpoint)).toBeLessThan((await evaluate(MODEL)) - 1);
});

test('kvasir finetune --lora-rank trains an adapter that other commands go through', async () => {
  const lora = ['--lora-rank', '4', '--lora-targets', 'q_proj,v_proj,down_proj', '--lora-dropout', '0.1'] as const;
  const argv = await tinyArguments(
    ...lora,
    '--learning-rate',
    '0.05',
    '--sample-prompt',
    'cat',
    '--sample-tokens',
    '3',
  );
  const { exitCode, stdout, stderr } = await runCli(argv);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining('parameters') });
  const checkpoint = stdout.trimEnd();
  expect(await readdir(checkpoint)).toEqual([
    ...['adapter_config.json', 'adapter_model.safetensors', 'generation_config.json'],
    ...['tokenizer.json', 'tokenizer_config.json', 'training-state'],
  ]);
  const config = JSON.parse(await readFile(join(checkpoint, 'adapter_config.json'), 'utf8'));
  expect(config).toMatchObject({ r: 4, lora_alpha: 8, lora_dropout: 0.1, base_model_name_or_path: MODEL });
  expect([...config.target_modules].sort()).toEqual(['down_proj', 'q_proj', 'v_proj']);
  expect(await readFile(join(OUTPUT(), 'report.html'), 'utf8')).toContain('of an adapter are trained');

  const evaluate = async (...flags: readonly string[]) =>
    (
      await runJson<{ models: readonly [{ total: { loss: number } }] }>(
        'evaluate',
        '-m',
        MODEL,
        '-d',
        await answers(),
        '--device',
        'reference',
        ...flags,
      )
    ).models[0].total.loss;
  expect(await evaluate('--adapter', checkpoint)).toBeLessThan((await evaluate()) - 0.3);

  // What the run sampled in the end, generating through the checkpoint says too, without the model's own top_p.
  const lines = (await readFile(join(OUTPUT(), 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
  const sample = lines.map((line) => JSON.parse(line) as Metric).findLast(({ kind }) => kind === 'sample');
  const { text } = await runJson<{ text: string }>(
    ...['generate', '-m', MODEL, '--adapter', checkpoint, '--threads', '1'],
    ...['-t', '0.8', '-p', '1', '--seed', '0', '-n', '3', 'cat'],
  );
  expect(sample).toMatchObject({ step: 12, text });
});

test.each([[[]], [['--lora-rank', '2', '--lora-dropout', '0.2']]])(
  'a run that is interrupted and resumed ends with the same bits: %j',
  async (lora) => {
    const argv = await tinyArguments(
      ...lora,
      '-n',
      '5',
      '--log-every',
      '1',
      '--checkpoint-every',
      '9',
      '--dropout',
      '0.1',
    );
    await runCli(argv);
    const wanted = await lossesOf(OUTPUT());
    const interrupted = [...argv, '-o', folder.path('interrupted')];
    let pressCtrlC = () => {};
    const { exitCode } = await runCli(interrupted, {
      onStart: (press) => {
        pressCtrlC = press;
      },
      onNote: (text) => text.includes('step 3/5') && pressCtrlC(),
    });
    expect(exitCode).toBe(130);
    const { step } = await runJson<RunJson>('finetune', '-o', folder.path('interrupted'), '--resume');
    expect(step).toBe(5);
    expect(await lossesOf(folder.path('interrupted'))).toEqual(wanted);
  },
);

test.each<[flags: readonly string[], exitCode: number, message: string]>([
  [['--lora-targets', 'query'], 1, 'name no linear layer of the model; it has'],
  [['--context-length', '100000'], 2, '--context-length is 100000, but the model takes'],
  [
    ['--batches', 'windows'],
    2,
    'Cannot train: the data are completions, whose prompts windows would not see; wanted --batches documents',
  ],
  [['--num-layers', '3'], 2, "unknown option '--num-layers'"],
  [['--model', './nothing'], 1, 'Cannot find the model ./nothing: there is no such folder'],
  [['--model', goldenPath('models', 'qwen3')], 1, 'it has no tokenizer.json'],
])('kvasir finetune %j fails', async (flags, wanted, message) => {
  const { exitCode, stdout, stderr } = await runCli(await tinyArguments(...flags));
  expect(stderr).toContain(message);
  expect({ exitCode, stdout }).toEqual({ exitCode: wanted, stdout: '' });
  expect(await readdir(folder.path(''))).toEqual(['answers.jsonl']);
});

test('a model is needed', async () => {
  const { exitCode, stderr } = await runCli(['finetune', '-d', await answers(), '-o', OUTPUT()]);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: 'kvasir: Cannot finetune: no model is given; name a folder with --model\n',
  });
});
