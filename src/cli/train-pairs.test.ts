import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCli, runJson } from '../../test/run-cli.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { uniform } from '../base/random.ts';
import type { Metric } from './training/metrics-log.ts';

const folder = temporaryFolder();
const OUTPUT = () => folder.path('run');

const TINY = [
  ...['--architecture', 'marian', '--tokenizer-kind', 'char', '--num-layers', '1', '--num-heads', '2'],
  ...['--hidden-size', '8', '-c', '12', '-b', '4', '-n', '6', '--evaluate-every', '3', '--device', 'reference'],
  ...['--dropout', '0.1', '--label-smoothing', '0.1', '--schedule', 'inverseSquareRoot'],
] as const;

/** A verb and letters, and the letters copied or reversed. */
function copyOrReverse(i: number): { readonly source: string; readonly target: string } {
  const draw = (below: number, lane: number) => Math.floor(uniform(5, i, lane) * below);
  const letters = Array.from({ length: 1 + draw(4, 0) }, (_, j) => 'abcdef'[draw(6, 2 + j)]!);
  const isCopy = draw(2, 1) === 0;
  const target = (isCopy ? letters : letters.toReversed()).join('');
  return { source: `${isCopy ? '=' : '<'}${letters.join('')}`, target };
}

async function pairsFile(count: number): Promise<string> {
  const lines = Array.from({ length: count }, (_, i) => JSON.stringify(copyOrReverse(i)));
  return folder.write('pairs.jsonl', `${lines.join('\n')}\n`);
}

async function metricsOf(output: string): Promise<readonly Metric[]> {
  const lines = (await readFile(join(output, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Metric);
}

test('a model learns from pairs to copy and to reverse, and the report shows it', async () => {
  const unseen = Array.from({ length: 400 }, (_, i) => copyOrReverse(1e6 + i)).filter(
    ({ target }) => target.length === 4,
  );
  const samples = unseen.slice(0, 12);
  const { stderr } = await runCli([
    ...['train', '-d', await pairsFile(4000), '-o', OUTPUT(), '--architecture', 'marian', '--activation', 'relu'],
    ...['--tokenizer-kind', 'char', '--num-layers', '1', '--num-heads', '4', '--hidden-size', '32'],
    ...['--intermediate-size', '64', '-c', '8', '-b', '40', '-n', '700', '--evaluate-every', '700', '--threads', '1'],
    ...['--learning-rate', '4e-3', '--schedule', 'linear', '--warmup-steps', '20', '--min-ratio', '0'],
    ...['--weight-decay', '0', '--beta2', '0.98'],
    ...samples.flatMap(({ source }) => ['--sample-prompt', source]),
  ]);
  expect(stderr).toMatch(/step 700 {2}validation loss 0\.0\d+ {2}perplexity 1\.0\d/);
  const written = (await metricsOf(OUTPUT())).filter((metric) => metric.kind === 'sample');
  expect(written.map(({ prompt, text }) => ({ source: prompt, target: text }))).toEqual(samples);
  const report = await readFile(join(OUTPUT(), 'report.html'), 'utf8');
  const [{ source, target } = { source: '', target: '' }] = samples;
  expect(report).toContain(`<b>${source.replace('<', '&lt;')}</b> → ${target}`);
  expect(report).toContain('<dt>encoderLayers</dt><dd>1</dd>');
}, 120_000);

test('a run on pairs that is interrupted and resumed ends with the same bits, metrics and samples', async () => {
  const argv = ['train', '-d', await pairsFile(60), ...TINY, '--checkpoint-every', '2', '--log-every', '1'];
  argv.push('--sample-prompt', '<ab', '--sample-tokens', '5', '--sample-temperature', '0.7');
  const resultsOf = async (output: string) => ({
    metrics: (await metricsOf(output)).map(({ kind, step, ...rest }) => [
      ...[kind, step, 'loss' in rest ? rest.loss : 'text' in rest ? rest.text : rest.validationLoss],
    ]),
    weights: await readFile(join(output, 'step-00000006', 'model.safetensors')),
  });
  await runCli([...argv, '-o', OUTPUT()]);
  const wanted = await resultsOf(OUTPUT());
  expect(wanted.metrics.map(([kind, step]) => `${kind} ${step}`)).toContain('sample 6');

  const interrupted = folder.path('interrupted');
  let pressCtrlC = () => {};
  const { exitCode } = await runCli([...argv, '-o', interrupted], {
    onStart: (press) => {
      pressCtrlC = press;
    },
    onNote: (text) => text.includes('step 4/6') && pressCtrlC(),
  });
  expect(exitCode).toBe(130);
  expect(await runCli(['train', '-o', interrupted, '--resume'])).toMatchObject({ exitCode: 0 });
  expect(await resultsOf(interrupted)).toEqual(wanted);
});

test("the paper's training, made smaller: its settings, its model, one tokenizer that ends sources", async () => {
  const source = await folder.write('de.txt', 'die Katze\nder Hund\ndas Meer\n'.repeat(8));
  const target = await folder.write('en.txt', 'the cat\nthe dog\nthe sea\n'.repeat(8));
  const json = await runJson<{ checkpoint: string }>(
    ...['train', '--preset', 'transformer-small', '-d', source, '--target-data', target, '-o', OUTPUT()],
    ...['--validation', '0.2', '--hidden-size', '16', '--intermediate-size', '32', '--vocab-size', '270'],
    ...['-b', '2', '-n', '2', '--warmup-steps', '1', '--device', 'reference', '--sample-prompt', 'der Hund'],
  );
  const read = async (...path: string[]) => JSON.parse(await readFile(join(...path), 'utf8'));
  expect((await read(OUTPUT(), 'run.json')).settings).toMatchObject({
    ...{ labelSmoothing: 0.1, dropout: 0.1, schedule: 'inverseSquareRoot', beta2: 0.98, epsilon: 1e-9 },
  });
  const { model, post_processor } = await read(json.checkpoint, 'tokenizer.json');
  const [end, padding] = [model.vocab['</s>'], model.vocab['<pad>']];
  expect(post_processor.single.at(-1)).toEqual({ SpecialToken: { id: '</s>', type_id: 0 } });
  expect(await read(json.checkpoint, 'config.json')).toMatchObject({
    ...{ model_type: 'marian', encoder_layers: 3, decoder_layers: 3, encoder_attention_heads: 4, d_model: 16 },
    ...{ encoder_ffn_dim: 32, activation_function: 'relu', scale_embedding: true, tie_word_embeddings: true },
    ...{ eos_token_id: end, decoder_start_token_id: end, pad_token_id: padding, max_position_embeddings: 64 },
  });

  const config = join(json.checkpoint, 'config.json');
  const again = await runCli([
    ...['train', '-d', source, '--target-data', target, '-o', folder.path('again'), '--model-config', config],
    ...['--tokenizer', json.checkpoint, '-c', '32', '-b', '2', '-n', '1', '--device', 'reference'],
  ]);
  expect(again).toMatchObject({ exitCode: 0, stdout: `${join(folder.path('again'), 'step-00000001')}\n` });
});

test('pairs in a mixture by weight', async () => {
  const first = await folder.write('first.jsonl', '{"source":"ab","target":"ba"}\n'.repeat(30));
  const second = await folder.write('second.tsv', 'cd\tdc\n'.repeat(30));
  const run = await runJson<{ step: number }>('train', '-d', `${first}=2`, '-d', second, '-o', OUTPUT(), ...TINY);
  expect(run.step).toBe(6);
});

test('pairs that are too long are an error, or left out', async () => {
  const short = '{"source":"ab","target":"ba"}\n'.repeat(30);
  const file = await folder.write('pairs.jsonl', `${short}{"source":"${'a'.repeat(12)}","target":"b"}\n${short}`);
  const argv = ['train', '-d', file, '-o', OUTPUT(), ...TINY];
  const { exitCode, stderr } = await runCli(argv);
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain('pair 30 has a source of 13 tokens and a target of 2, wanted at most 12 and 12');
  expect(stderr).toContain('(--leave-out-long-pairs leaves them out)');
  expect((await runCli([...argv, '--leave-out-long-pairs'])).stderr).toContain(', 1 long pairs left out');
});

test.each<[flags: readonly string[], content: string, message: string]>([
  [[], '{"text":"no pairs"}\n', 'Cannot train: the data are texts, but a model with an encoder learns from pairs'],
  [[], '{"prompt":"a","completion":"b"}\n', 'the data are completions, but a model with an encoder'],
  [['--batches', 'documents'], '{"source":"a","target":"b"}\n', '--batches is documents, but a model with an encoder'],
  [
    ['--num-kv-heads', '1'],
    '{"source":"a","target":"b"}\n',
    '--num-kv-heads is 1, but in marian it is that of --num-heads, 2',
  ],
  [['--num-heads', '3'], '{"source":"a","target":"b"}\n', 'hidden size 8 does not divide into 3 heads of the encoder'],
  [['--architecture', 'gpt2', '--leave-out-long-pairs'], '{"text":"a"}\n', 'but the model has no encoder'],
  [['--sample-prompt', 'a'.repeat(12)], '{"source":"aa","target":"b"}\n', 'has 13 tokens, wanted 1 to 11'],
])('what an encoder-decoder model cannot be trained with is refused: %j %s', async (flags, content, message) => {
  const file = await folder.write('data.jsonl', content.repeat(20));
  const { exitCode, stdout, stderr } = await runCli(['train', '-d', file, '-o', OUTPUT(), ...TINY, ...flags]);
  expect({ failed: exitCode !== 0, stdout }).toEqual({ failed: true, stdout: '' });
  expect(stderr).toContain(message);
});
