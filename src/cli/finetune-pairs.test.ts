import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { goldenPath } from '../../test/goldens.ts';
import { runCli, runJson } from '../../test/run-cli.ts';
import { saveTinyTranslator } from '../../test/save-tiny-translator.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { LLM } from '../llm/llm.ts';
import type { Metric } from './training/metrics-log.ts';

const folder = temporaryFolder();
const OUTPUT = () => folder.path('run');

interface RunJson {
  readonly checkpoint: string;
  readonly step: number;
}

/** Sources that are to become other words. */
async function pairsFile(): Promise<string> {
  const lines = [10, 20, 30, 40].map((word) =>
    JSON.stringify({ source: `w${word} w${word + 1}`, target: `w${word + 5} w${word} w${word}` }),
  );
  return folder.write('pairs.jsonl', `${lines.join('\n')}\n`.repeat(4));
}

async function argumentsFor(model: string, ...more: readonly string[]): Promise<readonly string[]> {
  return [
    ...['finetune', '-m', model, '-d', await pairsFile(), '-o', OUTPUT(), '--threads', '1', '-c', '24', '-b', '4'],
    ...['-n', '60', '--learning-rate', '0.02', '--evaluate-every', '60', '--validation-data', await pairsFile()],
    ...more,
  ];
}

async function lossOf(model: string, ...more: readonly string[]): Promise<number> {
  const argv = ['evaluate', '-m', model, '-d', await pairsFile(), '--threads', '1', ...more];
  return (await runJson<{ models: readonly [{ total: { loss: number } }] }>(...argv)).models[0].total.loss;
}

async function metricsOf(output: string): Promise<readonly Metric[]> {
  const lines = (await readFile(join(output, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Metric);
}

test('kvasir finetune goes on with an encoder-decoder model, which then translates what it has learned', async () => {
  const model = await saveTinyTranslator(folder.path('model'), { settings: { eos_token_id: 2 } });
  const argv = await argumentsFor(model, '--sample-prompt', 'w10 w11');
  const { checkpoint, step } = await runJson<RunJson>(...argv);
  expect(step).toBe(60);
  expect(await readdir(checkpoint)).toEqual([
    ...['config.json', 'generation_config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'],
    'training-state',
  ]);
  const config = async (path: string) => JSON.parse(await readFile(join(path, 'config.json'), 'utf8'));
  expect(await config(checkpoint)).toEqual(await config(model));
  expect(await lossOf(checkpoint)).toBeLessThan((await lossOf(model)) / 20);
  await using llm = await LLM.load(checkpoint, { threads: 1 });
  expect((await llm.translate('w30 w31', { numBeams: 1 })).text).toBe('w35 w30 w30');
  const sample = (await metricsOf(OUTPUT())).findLast(({ kind }) => kind === 'sample');
  expect(sample).toMatchObject({ step: 60, prompt: 'w10 w11', text: 'w15 w10 w10', isTarget: true });
}, 120_000);

test('languages stand where the model has them, in training, evaluation and samples', async () => {
  const options = { languages: ['en', 'fr'], settings: { eos_token_id: 2 } };
  const model = await saveTinyTranslator(folder.path('model'), options);
  const languages = ['--from', 'en', '--to', 'fr'];
  const argv = await argumentsFor(model, ...languages, '-n', '140', '--sample-prompt', 'w20 w21');
  const { checkpoint } = await runJson<RunJson>(...argv);
  expect(await lossOf(checkpoint, ...languages)).toBeLessThan((await lossOf(model, ...languages)) / 20);
  await using llm = await LLM.load(checkpoint, { threads: 1 });
  const { text } = await llm.translate('w40 w41', { from: 'en', to: 'fr', numBeams: 1 });
  expect(text).toBe('w45 w40 w40');
  expect((await metricsOf(OUTPUT())).find(({ kind }) => kind === 'sample')).toMatchObject({ text: 'w25 w20 w20' });
  const unknown = await runCli(await argumentsFor(model, '--from', 'en', '--to', 'xx', '--force'));
  expect([unknown.exitCode, unknown.stderr]).toEqual([1, expect.stringContaining('this model has en, fr')]);
  const missing = await runCli(['evaluate', '-m', model, '-d', await pairsFile(), '--threads', '1', '--from', 'en']);
  expect(missing.stderr).toContain('its language is missing, wanted to, one of en, fr');
}, 120_000);

test("a model with SentencePiece's files: they go into the checkpoints, which translate", async () => {
  const model = goldenPath('marian-folder');
  const data = await folder.write('pairs.tsv', 'half past two\t02:30\nthe third of March\t03-03\n'.repeat(10));
  const more = ['-o', OUTPUT(), '--threads', '1', '-c', '32', '-b', '2', '-n', '2', '--learning-rate', '0.001'];
  const { checkpoint } = await runJson<RunJson>('finetune', '-m', model, '-d', data, ...more);
  expect(await readdir(checkpoint)).toEqual([
    ...['config.json', 'generation_config.json', 'model.safetensors', 'source.spm', 'target.spm'],
    ...['tokenizer_config.json', 'training-state', 'vocab.json'],
  ]);
  const { exitCode } = await runCli(['translate', '-m', checkpoint, '--threads', '1', 'half past two']);
  expect(exitCode).toBe(0);
});

test.each([
  [['--from', 'en'], 1, 'from is "en", but this model has no tokens for languages'],
  [['--batches', 'documents'], 2, '--batches is documents, but a model with an encoder reads pairs'],
  [['-c', '49'], 2, '--context-length is 49, but the model takes 48 tokens'],
  [['--sample-prompt', 'w9 '.repeat(48)], 2, 'has 49 tokens, wanted 1 to 47'],
] as const)('%j is refused', async (more, code, message) => {
  const model = await saveTinyTranslator(folder.path('model'));
  const { exitCode, stdout, stderr } = await runCli(await argumentsFor(model, ...more));
  expect({ exitCode, stdout, stderr }).toEqual({
    exitCode: code,
    stdout: '',
    stderr: expect.stringContaining(message),
  });
});

test('what targets begin with must be known', async () => {
  const model = await saveTinyTranslator(folder.path('model'));
  const config = JSON.parse(await readFile(join(model, 'config.json'), 'utf8')) as object;
  const unset = { decoder_start_token_id: null, bos_token_id: null };
  await folder.write('model/config.json', JSON.stringify({ ...config, ...unset }));
  await folder.write('model/generation_config.json', '{}');
  const { exitCode, stderr } = await runCli(await argumentsFor(model));
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('has no decoder_start_token_id, which its targets')]);
});

test('languages and long pairs are of models with an encoder', async () => {
  const model = goldenPath('models', 'llama-gqa');
  const from = await runCli(await argumentsFor(model, '--from', 'en'));
  expect([from.exitCode, from.stderr]).toEqual([2, expect.stringContaining('--from is given, but the model has no')]);
  const data = await pairsFile();
  const evaluated = await runCli(['evaluate', '-m', model, '-d', data, '--to', 'fr', '--threads', '1']);
  expect([evaluated.exitCode, evaluated.stderr]).toEqual([2, expect.stringContaining('--to is given, but the model')]);
});

const GREEDY = ['--threads', '1', '--greedy', '--max-new-tokens', '4'];
const sample = (prompt: string) => ['--sample-prompt', prompt, '--sample-tokens', '4'];

test('an adapter is trained on pairs, and other commands go through it', async () => {
  const model = await saveTinyTranslator(folder.path('model'), { settings: { eos_token_id: 2 } });
  const lora = ['--lora-rank', '8', '--lora-alpha', '64', '--lora-dropout', '0.05'];
  const argv = await argumentsFor(model, ...lora, '-n', '150', '--learning-rate', '0.01', ...sample('w10 w11'));
  const { checkpoint } = await runJson<RunJson>(...argv);
  expect(await readdir(checkpoint)).toEqual([
    ...['adapter_config.json', 'adapter_model.safetensors', 'generation_config.json'],
    ...['tokenizer.json', 'tokenizer_config.json', 'training-state'],
  ]);
  const config = JSON.parse(await readFile(join(checkpoint, 'adapter_config.json'), 'utf8'));
  expect(config).toMatchObject({ r: 8, task_type: 'SEQ_2_SEQ_LM', lora_alpha: 64 });
  expect(config.target_modules).toEqual(['q_proj', 'k_proj', 'v_proj', 'out_proj', 'fc1', 'fc2']);
  const [alone, adapted] = [await lossOf(model), await lossOf(model, '--adapter', checkpoint)];
  expect(adapted).toBeLessThan(0.6 * alone);
  const written = (await metricsOf(OUTPUT())).findLast(({ kind }) => kind === 'sample');
  const through = (...flags: readonly string[]) => runCli(['translate', '-m', model, ...GREEDY, ...flags, 'w10 w11']);
  const { stdout } = await through('--adapter', checkpoint);
  expect(written).toMatchObject({ text: stdout.trimEnd() });
  expect((await through()).stdout).not.toBe(stdout);

  const merged = folder.path('merged');
  await runCli(['merge-adapter', '-m', model, '--adapter', checkpoint, '-o', merged]);
  expect(await lossOf(merged)).toBeCloseTo(adapted, 4);
  const { stdout: again } = await runCli(['translate', '-m', merged, ...GREEDY, 'w10 w11']);
  expect(again).toBe(stdout);
}, 120_000);
