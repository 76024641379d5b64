import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { goldenPath } from '../../test/goldens.ts';
import { runCli, runJson } from '../../test/run-cli.ts';
import { saveTinyTranslator } from '../../test/save-tiny-translator.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { createReferenceBackend } from '../backends/reference/reference-backend.ts';
import { loadLanguageModel } from '../models/language-model.ts';
import { loadModel } from '../models/load-model.ts';
import { TrainedParameters } from '../training/trained-parameters.ts';
import type { Metric } from './training/metrics-log.ts';

const files = temporaryFolder();
const LLAMA = goldenPath('models', 'llama-gqa');
const NOTE = 'weights of int8 are widened to float32 to be trained; --dtype names another width\n';

async function quantized(model: string): Promise<string> {
  const output = files.path('codes');
  await runJson('quantize', model, '--scheme', 'int8', '--method', 'rtn', '--threads', '1', '-o', output);
  return output;
}

async function argumentsFor(model: string, output: string, ...more: readonly string[]): Promise<readonly string[]> {
  const lines = ['w9', 'w8'].map((source) => JSON.stringify({ source, target: ' w7 w6 w5' }));
  const data = await files.write('pairs.jsonl', `${lines.join('\n')}\n`.repeat(6));
  return [
    ...['finetune', '-m', model, '-d', data, '-o', files.path(output), '--threads', '1', '-c', '16', '-b', '2'],
    ...['-n', '12', '--learning-rate', '0.01', '--evaluate-every', '12', ...more],
  ];
}

async function lossesOf(output: string): Promise<readonly number[]> {
  const lines = (await readFile(files.path(join(output, 'metrics.jsonl')), 'utf8')).trimEnd().split('\n');
  return lines.flatMap((line) => {
    const metric = JSON.parse(line) as Metric;
    return metric.kind === 'step' ? [metric.loss] : [];
  });
}

test.each(['llama', 'translator'])(
  'a %s in codes is trained in full: its codes are widened, and it says so',
  async (kind) => {
    const original = kind === 'llama' ? LLAMA : await saveTinyTranslator(files.path('translator'));
    const model = await quantized(original);
    const { exitCode, stdout, stderr } = await runCli(await argumentsFor(model, 'run'));
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0, stderr: expect.stringContaining(NOTE) });
    const losses = await lossesOf('run');
    expect(losses.at(-1)!).toBeLessThan(losses[0]! - 0.5);

    const checkpoint = stdout.trimEnd();
    const config = JSON.parse(await readFile(join(checkpoint, 'config.json'), 'utf8')) as object;
    expect(config).not.toHaveProperty('quantization_config');
    const { parameters } = await loadLanguageModel(createReferenceBackend(), checkpoint);
    for (const [path, parameter] of parameters.entries)
      if ('format' in parameter) expect(parameter.format, path).toBe('float32');

    // A width that is asked for, and floats that are there, need no word.
    const narrow = await runCli(await argumentsFor(model, 'narrow', '--dtype', 'bfloat16'));
    const floats = await runCli(await argumentsFor(original, 'floats'));
    for (const { exitCode, stderr } of [narrow, floats]) {
      expect(exitCode, stderr).toBe(0);
      expect(stderr).not.toContain('widened');
    }
  },
);

test('a run over codes that is interrupted and resumed ends with the same bits', async () => {
  const model = await quantized(LLAMA);
  await runCli(await argumentsFor(model, 'whole', '-n', '5', '--log-every', '1'));
  let pressCtrlC = () => {};
  const argv = await argumentsFor(model, 'interrupted', '-n', '5', '--log-every', '1');
  const { exitCode } = await runCli(argv, {
    onStart: (press) => {
      pressCtrlC = press;
    },
    onNote: (text) => text.includes('step 3/5') && pressCtrlC(),
  });
  expect(exitCode).toBe(130);
  await runJson('finetune', '-o', files.path('interrupted'), '--resume');
  expect(await lossesOf('interrupted')).toEqual(await lossesOf('whole'));
});

test('an adapter is trained beside the codes, which stay codes', async () => {
  const model = await quantized(LLAMA);
  const argv = await argumentsFor(model, 'run', '--lora-rank', '4', '--learning-rate', '0.05');
  const { exitCode, stderr } = await runCli(argv);
  expect(exitCode, stderr).toBe(0);
  expect(stderr).not.toContain('widened');
  const losses = await lossesOf('run');
  expect(losses.at(-1)!).toBeLessThan(losses[0]!);
});

test('in the library codes are widened by the dtype of loading, and refused without it', async () => {
  const model = await quantized(LLAMA);
  const backend = createReferenceBackend();
  const codes = await loadModel(backend, model);
  await expect(TrainedParameters.create(codes.parameters)).rejects.toThrow(
    'it is int8, wanted floats; load the model with dtype "float32", which widens codes, or train an adapter',
  );
  const widened = await loadModel(backend, model, { dtype: 'float32' });
  const trained = await TrainedParameters.create(widened.parameters);
  const values = new Map(trained.list.map(({ path, values }) => [path, values]));
  for (const [path, parameter] of codes.parameters.entries)
    expect(await values.get(path)!.read()).toEqual(await parameter.read());
  trained.release();
});
