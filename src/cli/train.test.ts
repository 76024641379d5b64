import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { plain, runCli, runJson } from '../../test/run-cli.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { TINY_TEXT, TINY_TRAINING } from '../../test/tiny-run.ts';
import type { Metric } from './training/metrics-log.ts';

const folder = temporaryFolder();
const OUTPUT = () => folder.path('run');

interface TrainJson {
  readonly output: string;
  readonly checkpoint: string;
  readonly report: string;
  readonly reason: string;
  readonly step: number;
  readonly totalTokens: number;
  readonly numParameters: number;
  readonly loss: number;
  readonly best: { readonly step: number; readonly loss: number };
}

async function tinyArguments(...more: readonly string[]): Promise<readonly string[]> {
  const file = await folder.write('text.txt', TINY_TEXT);
  return ['train', '--data', file, '--output', OUTPUT(), ...TINY_TRAINING, ...more];
}

async function metricsOf(output: string): Promise<readonly Metric[]> {
  const text = await readFile(join(output, 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Metric);
}

/** What must be the same however often a run was interrupted. */
async function resultsOf(output: string) {
  const metrics = (await metricsOf(output)).map((metric) =>
    metric.kind === 'step'
      ? [metric.step, metric.loss, metric.gradientNorm]
      : metric.kind === 'sample'
        ? [metric.step, metric.text]
        : [metric.step, metric.validationLoss],
  );
  return { metrics, weights: await readFile(join(output, 'step-00000006', 'model.safetensors')) };
}

test('kvasir train writes checkpoints that generate, metrics, samples and a report', async () => {
  const argv = await tinyArguments('--sample-prompt', 'the ', '--sample-tokens', '5');
  const { exitCode, stdout, stderr } = await runCli(argv);
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `${join(OUTPUT(), 'step-00000006')}\n` });
  expect(stderr).toMatch(/^[\d,]+ parameters · 788 tokens, 88 held out · reference\n/);
  expect(stderr).toMatch(/^step 1\/6 {2}loss \d\.\d{4} {2}0:\d\d left {2}\S+ tokens\/s {2}lr \S+ {2}norm \d+\.\d\d$/m);
  expect(stderr).toMatch(/^step 3 {2}validation loss \d\.\d{4} {2}perplexity \S+ {2}\d\.\d{3} bits\/byte/m);
  expect(stderr).toMatch(/\nfinished after step 6 in 0:\d\d · best validation loss \S+ at step [36]\nreport: \S+\n$/);
  expect(await readdir(OUTPUT())).toEqual([
    ...['data', 'metrics.jsonl', 'report.html', 'run.json', 'step-00000003', 'step-00000006', 'tokenizer'],
  ]);

  const metrics = await metricsOf(OUTPUT());
  expect(metrics.map(({ kind, step }) => `${kind} ${step}`)).toEqual([
    ...['step 1', 'step 2', 'step 3', 'sample 3', 'evaluation 3'],
    ...['step 4', 'step 5', 'step 6', 'sample 6', 'evaluation 6'],
  ]);
  expect(Object.keys(metrics[0]!)).toEqual([
    ...['kind', 'step', 'loss', 'learningRate', 'gradientNorm', 'tokensPerSecond', 'seconds'],
  ]);
  const evaluation = metrics[4] as Extract<Metric, { kind: 'evaluation' }>;
  expect(evaluation.perplexity).toBeCloseTo(Math.exp(evaluation.validationLoss), 6);
  // One byte a token.
  expect(evaluation.bitsPerByte).toBeCloseTo(evaluation.validationLoss / Math.LN2, 6);
  const sample = metrics[3] as Extract<Metric, { kind: 'sample' }>;
  expect(sample.prompt).toBe('the ');
  expect(sample.text).toHaveLength(5);
  expect(await readFile(join(OUTPUT(), 'report.html'), 'utf8')).toContain('step 6 of 6, finished');

  // What the run sampled in the end, the checkpoint says too.
  const generated = await runJson<{ text: string }>(
    ...['generate', '--device', 'reference', '-m', join(OUTPUT(), 'step-00000006')],
    ...['-t', '0.8', '--seed', '0', '-n', '5', 'the '],
  );
  expect(generated.text).toBe((metrics[8] as Extract<Metric, { kind: 'sample' }>).text);
});

test('kvasir train --json prints one object and nothing else', async () => {
  const { exitCode, stdout, stderr } = await runCli(await tinyArguments('--json'));
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  const json = JSON.parse(stdout) as TrainJson;
  expect(json).toMatchObject({
    output: OUTPUT(),
    checkpoint: join(OUTPUT(), 'step-00000006'),
    reason: 'finished',
    step: 6,
  });
  expect(json.totalTokens).toBe(6 * 2 * 16);
  const losses = (await metricsOf(OUTPUT())).flatMap((metric) => (metric.kind === 'step' ? [metric.loss] : []));
  expect(json.loss).toBe(losses[5]);
});

test('the terminal has one line that changes, and evaluations that stay', async () => {
  const { stderr } = await runCli(await tinyArguments(), { isTerminal: true });
  expect(stderr).toContain('\r\x1b[2K');
  expect(plain(stderr)).toMatch(/━+ {2}step 6\/6 {2}loss \d\.\d{4} {2}0:00 left/);
  const kept = stderr.split('\n').map((line) => plain(line.split('\r\x1b[2K').at(-1)!));
  expect(kept.filter((line) => line.startsWith('step '))).toHaveLength(2);
});

describe('Ctrl-C and --resume', () => {
  test('a run that is interrupted and resumed ends with the same bits, metrics and samples', async () => {
    const samples = [
      '--sample-prompt',
      'a ',
      '--sample-tokens',
      '4',
      '--log-every',
      '1',
      '--checkpoint-every',
      '2',
    ] as const;
    await runCli(await tinyArguments(...samples));
    const wanted = await resultsOf(OUTPUT());

    const interrupted = folder.path('interrupted');
    let pressCtrlC = () => {};
    const { exitCode, stdout, stderr } = await runCli(await tinyArguments(...samples, '--output', interrupted), {
      onStart: (press) => {
        pressCtrlC = press;
      },
      onNote: (text) => text.includes('step 4/6') && pressCtrlC(),
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: `${join(interrupted, 'step-00000004')}\n` });
    expect(stderr).toContain(`the step is saved; --output ${interrupted} --resume goes on with it\ninterrupted\n`);
    expect(await readFile(join(interrupted, 'report.html'), 'utf8')).toContain('step 4 of 6, aborted');

    // As if the machine had gone down in the middle of a line, steps after the checkpoint.
    const log = join(interrupted, 'metrics.jsonl');
    await writeFile(log, '{"kind":"step","step":5,"loss":77}\n{"kind":"st', { flag: 'a' });
    const resumed = await runCli(['train', '--output', interrupted, '--resume']);
    expect(resumed).toMatchObject({ exitCode: 0, stdout: `${join(interrupted, 'step-00000006')}\n` });
    expect(resumed.stderr).toContain('going on after step 4\n');
    expect(await resultsOf(interrupted)).toEqual(wanted);
  });

  test('a run that is done stays as it is', async () => {
    await runCli(await tinyArguments());
    const wanted = await resultsOf(OUTPUT());
    const { exitCode, stdout } = await runCli(['train', '--output', OUTPUT(), '--resume']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
    expect(await resultsOf(OUTPUT())).toEqual(wanted);
  });

  test.each([
    [['--batch-size', '3'], 'data.batchSize was 2 and is 3'],
    [['--learning-rate', '0.02'], 'settings.learningRate was 0.01 and is 0.02'],
    [['--hidden-size', '32'], 'target.config.hiddenSize was 16 and is 32'],
  ])('other settings are refused, saying what differs: %j', async (flags, message) => {
    await runCli(await tinyArguments());
    const before = await resultsOf(OUTPUT());
    const { exitCode, stderr } = await runCli(['train', '--output', OUTPUT(), '--resume', ...flags]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`Cannot resume from ${join(OUTPUT(), 'step-00000006')}: it is of another training: `);
    expect(stderr).toContain(message);
    expect(await resultsOf(OUTPUT())).toEqual(before);
  });

  test('a damaged checkpoint is refused', async () => {
    await runCli(await tinyArguments());
    await truncate(join(OUTPUT(), 'step-00000006', 'training-state', 'state.json'), 40);
    const { exitCode, stderr } = await runCli(['train', '--output', OUTPUT(), '--resume']);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/Cannot resume from \S+step-00000006: \S+state\.json is damaged/);
  });

  test('what is no run cannot be resumed', async () => {
    const resume = async (...flags: readonly string[]) => runCli(['train', '--resume', ...flags]);
    expect((await resume()).stderr).toContain('Cannot train: no folder is given to resume; name it with --output');
    expect((await resume('-o', OUTPUT())).stderr).toContain(`Cannot resume from ${OUTPUT()}: it has no checkpoint`);
    await mkdir(join(OUTPUT(), 'step-00000001'), { recursive: true });
    expect((await resume('-o', OUTPUT())).stderr).toContain(`Cannot resume from ${OUTPUT()}: it has no run.json`);
    await writeFile(join(OUTPUT(), 'run.json'), '{"command":"finetune","settings":{}}');
    expect((await resume('-o', OUTPUT())).stderr).toContain('it is a run of kvasir finetune, not of kvasir train');
    await writeFile(join(OUTPUT(), 'run.json'), '{"comm');
    expect((await resume('-o', OUTPUT())).stderr).toMatch(/Cannot read \S+run\.json: not valid JSON/);
    await writeFile(join(OUTPUT(), 'run.json'), '{"command":"train","settings":{"batchSise":2}}');
    expect((await resume('-o', OUTPUT())).stderr).toContain('unknown option "batchSise", did you mean "batchSize"?');
    expect((await resume('-o', OUTPUT(), '--force')).stderr).toContain('--resume and --force are both given');
    expect((await resume('-o', OUTPUT(), '--preset', 'shakespeare-char')).stderr).toContain(
      '--preset is given, but --resume',
    );
  });
});

test('a run that is interrupted before its first step leaves nothing', async () => {
  const { exitCode, stdout } = await runCli(await tinyArguments('--max-steps', '1'), {
    // The reading of data is not the first thing that waits: the signal is there long before the first step.
    onStart: (pressCtrlC) => setTimeout(pressCtrlC, 0),
  });
  expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: '' });
  expect(await readdir(folder.path(''))).toEqual(['text.txt']);
});

describe('the output folder', () => {
  test('a run is not written over another without --force, nor over anything else', async () => {
    const argv = await tinyArguments('--max-steps', '1');
    await runCli(argv);
    const again = await runCli(argv);
    expect(again).toMatchObject({ exitCode: 1, stdout: '' });
    expect(again.stderr).toBe(
      `kvasir: Cannot write to ${OUTPUT()}: it is not empty; --resume goes on with the run in it, --force replaces it\n`,
    );
    await writeFile(join(OUTPUT(), 'step-00000009'), '');
    expect(await runCli([...argv, '--force'])).toMatchObject({ exitCode: 0 });
    expect(await readdir(OUTPUT())).not.toContain('step-00000009');
    const missing = await runCli([...argv, '--data', folder.path('nothing.txt'), '--force']);
    expect(missing.exitCode).toBe(1);
    expect(await readdir(OUTPUT())).toContain('step-00000001');
    await writeFile(join(OUTPUT(), 'diary.txt'), 'dear');
    const foreign = await runCli([...argv, '--force']);
    expect(foreign.stderr).toContain(`it has diary.txt, which is no part of a run; take another folder`);
    expect(await readFile(join(OUTPUT(), 'diary.txt'), 'utf8')).toBe('dear');
    const file = await runCli(await tinyArguments('--output', folder.path('text.txt')));
    expect(file.stderr).toContain('it is a file, wanted a folder');
  });

  test('a run that fails before its first step leaves nothing', async () => {
    const argv = await tinyArguments('--context-length', '5000');
    expect(await runCli(argv)).toMatchObject({ exitCode: 2 });
    expect(await readdir(folder.path(''))).toEqual(['text.txt']);
    await mkdir(OUTPUT());
    expect(await runCli(argv)).toMatchObject({ exitCode: 2 });
    expect(await readdir(OUTPUT())).toEqual([]);
  });
});

describe('data', () => {
  test('stories as JSON lines, in a mixture by weight, with byte pairs', async () => {
    const line = (text: string) => `${JSON.stringify({ text })}\n`;
    const stories = await folder.write('stories.jsonl', line(TINY_TEXT.slice(0, 70)).repeat(20));
    const letters = await folder.write(
      'letters.jsonl',
      line('dear friend, the sea is wide and we are well.').repeat(20),
    );
    const json = await runJson<TrainJson>(
      ...['train', '-d', `${stories}=3`, '-d', letters, '-o', OUTPUT(), ...TINY_TRAINING],
      ...['--tokenizer-kind', 'bpe', '--vocab-size', '280'],
    );
    expect(json.step).toBe(6);
    const tokenizer = JSON.parse(await readFile(join(json.checkpoint, 'tokenizer.json'), 'utf8'));
    expect(Object.keys(tokenizer.model.vocab)).toHaveLength(280);
    expect(await readdir(join(OUTPUT(), 'data'))).toEqual(['part-0', 'part-1']);
    const config = JSON.parse(await readFile(join(json.checkpoint, 'config.json'), 'utf8'));
    expect(config).toMatchObject({ vocab_size: 280, eos_token_id: tokenizer.model.vocab['<|endoftext|>'] });
  });

  test('parallel text, whose targets alone are learned, and data to measure on of their own', async () => {
    const source = await folder.write('de.txt', 'die Katze\nder Hund\ndas Meer\n');
    const target = await folder.write('en.txt', 'the cat\nthe dog\nthe sea\n');
    const held = await folder.write('held.jsonl', '{"source":"der Hund","target":"the dog"}\n');
    const argv = ['train', '-d', source, '--target-data', target, '--validation-data', held, '-o', OUTPUT()];
    const flags = TINY_TRAINING.filter((flag, i) => flag !== '--max-steps' && TINY_TRAINING[i - 1] !== '--max-steps');
    const json = await runJson<TrainJson>(...argv, ...flags, '--architecture', 'llama', '--epochs', '2');
    expect(json).toMatchObject({ reason: 'finished', step: 4 });
    const [evaluation] = (await metricsOf(OUTPUT())).filter(({ kind }) => kind === 'evaluation');
    expect(evaluation).toMatchObject({ bitsPerByte: expect.any(Number) });
  });

  test('a tokenizer that is there, and a config.json of sizes', async () => {
    await runCli(await tinyArguments('--max-steps', '1'));
    const second = folder.path('second');
    const config = join(OUTPUT(), 'step-00000001', 'config.json');
    const argv = ['train', '-d', folder.path('text.txt'), '-o', second, '--tokenizer', join(OUTPUT(), 'tokenizer')];
    const run = await runCli([
      ...argv,
      '--model-config',
      config,
      '-c',
      '16',
      '-b',
      '2',
      '-n',
      '2',
      '--device',
      'reference',
    ]);
    expect(run).toMatchObject({ exitCode: 0, stdout: `${join(second, 'step-00000002')}\n` });
    expect(JSON.parse(await readFile(join(second, 'step-00000002', 'config.json'), 'utf8'))).toEqual(
      JSON.parse(await readFile(config, 'utf8')),
    );
  });

  test.each<[name: string, content: string | Uint8Array, message: string]>([
    ['empty.txt', '', 'Cannot read PATH: it is empty, wanted text'],
    ['binary.txt', Uint8Array.of(65, 0, 66), 'Cannot read PATH'],
    ['latin1.txt', Uint8Array.of(65, 233, 66), 'Cannot read PATH'],
    ['lines.jsonl', '{"text": "a"}\n{"text": ', 'Cannot read PATH, line 2: not valid JSON'],
    ['lines.jsonl', '{"tekst": "a"}\n', 'Cannot read PATH, line 1: got the fields "tekst", wanted "text"'],
    ['pairs.tsv', 'a\tb\nc\n', 'Cannot read PATH, line 2: it has 1 columns, wanted source, tab, target'],
  ])('what is no data is named: %s', async (name, content, message) => {
    const path = await folder.write(name, content);
    const { exitCode, stderr } = await runCli(['train', '-d', path, '-o', OUTPUT(), ...TINY_TRAINING]);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain(message.replace('PATH', path));
    expect(await readdir(folder.path(''))).toEqual([name]);
  });
});

test('early stopping ends a run that no longer gets better', async () => {
  const argv = await tinyArguments('--patience', '1', '--min-delta', '100', '--evaluate-every', '1', '--json');
  const json = JSON.parse((await runCli(argv)).stdout) as TrainJson;
  expect(json).toMatchObject({ reason: 'stopped early', step: 2 });
});

test('a run whose loss is no number any more ends with an error, and keeps what it has', async () => {
  const argv = await tinyArguments('--learning-rate', '1e30', '--clip-norm', 'none', '--checkpoint-every', '1');
  const { exitCode, stderr } = await runCli(argv);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/Cannot go on training after \d steps: the .* is \S+; the first tensor that is not finite is/);
  expect(await readFile(join(OUTPUT(), 'report.html'), 'utf8')).toContain('ended by an error: Cannot go on training');
  expect(await readdir(OUTPUT())).toContain('step-00000001');
});

test.each<[flags: readonly string[], message: string]>([
  [['--context-length', '5000'], 'the training data are 788 tokens, wanted more than --context-length, 5000'],
  [['--hidden-size', '15'], 'Cannot read the sizes of the model: hidden size 15 does not divide into 2 heads'],
  [['--num-kv-heads', '1'], '--num-kv-heads is 1, but in gpt2 it is that of --num-heads, 2'],
  [['--epochs', '2'], 'Cannot read the command line: --epochs and --max-steps are both given, wanted one of them'],
  [['--warmup-steps', '6'], '--warmup-steps is 6, wanted less than all 6 steps'],
  [['--beta1', '0.9', '--optimizer', 'sgd'], 'Cannot train: --beta1 is given, but the optimizer is sgd'],
  [['--momentum', '0.9'], 'Cannot train: --momentum is given, but the optimizer is adamw'],
  [
    ['--schedule', 'constant', '--min-ratio', '0.1'],
    'Cannot train: --min-ratio is given, but the learning rate is constant',
  ],
  [['--validation', '0', '--patience', '2'], '--patience is given, but there are no data to measure on'],
  [['--vocab-size', '300'], 'Cannot train: --vocab-size is given, but of a char tokenizer each character is a token'],
  [['--sample-tokens', '5'], 'Cannot train: --sample-tokens is given, but there is no --sample-prompt'],
  [
    ['--sample-prompt', 'the cat sat on the mat'],
    '--sample-prompt "the cat sat on the mat" has 22 tokens, wanted 1 to 15',
  ],
  [['--target-data', 'a.txt', '-d', 'b.txt'], '--target-data goes with one file of --data, got 2'],
  [['--dropout', '1'], "option '--dropout <share>' argument '1' is invalid. It must be from 0 to below 1."],
  [['--clip-norm', 'some'], "option '--clip-norm <norm>' argument 'some' is invalid."],
  [['--batches', 'rows'], `It must be "windows" or "documents".`],
  [['--preset', 'shakespeare'], 'did you mean "shakespeare-char"?'],
  [['--learnign-rate', '1'], "unknown option '--learnign-rate'\n(Did you mean --learning-rate?)"],
])('kvasir train %j is a wrong command', async (flags, message) => {
  const { exitCode, stdout, stderr } = await runCli(await tinyArguments(...flags));
  expect({ exitCode, stdout }).toEqual({ exitCode: message.startsWith('Cannot read the sizes') ? 1 : 2, stdout: '' });
  expect(stderr).toContain(message);
  expect(await readdir(folder.path(''))).toEqual(['text.txt']);
});

test('what is needed is asked for', async () => {
  expect((await runCli(['train', '-d', 'a.txt'])).stderr).toBe(
    'kvasir: Cannot train: no folder is given; name one with --output\n',
  );
  expect((await runCli(['train', '-o', OUTPUT()])).stderr).toBe(
    'kvasir: Cannot train: no data are given; name a file with --data\n',
  );
  const missing = await runCli(['train', '-d', folder.path('nothing.txt'), '-o', OUTPUT()]);
  expect(missing).toMatchObject({
    exitCode: 1,
    stderr: `kvasir: Cannot read ${folder.path('nothing.txt')}: there is no such file\n`,
  });
});
