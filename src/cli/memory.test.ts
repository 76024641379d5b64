import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { goldenPath } from '../../test/goldens.ts';
import { quantizedLlama } from '../../test/quantized-llama.ts';
import { runCli, runJson } from '../../test/run-cli.ts';
import { saveRandomLlama } from '../../test/save-random-llama.ts';
import { writeGguf } from '../models/gguf/write-gguf.ts';

interface MemoryJson {
  readonly model: string;
  readonly dtype: string;
  readonly numParameters: number;
  readonly weightBytes: number;
  readonly kvCacheBytes: number;
  readonly workspaceBytes: number;
  readonly totalBytes: number;
  readonly formula: Readonly<Record<string, number>>;
}

const REFERENCE = ['--device', 'reference'] as const;

test('kvasir memory puts the numbers into the formula', async () => {
  const { exitCode, stdout } = await runCli(['memory', 'gpt2', '--batch', '2', '-c', '1000', '-g', '24', ...REFERENCE]);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('gpt2: 124,439,808 parameters\n');
  expect(stdout).toContain(
    [
      'KV cache = 2 × layers × batch × kv heads × head size × tokens × bytes',
      '         = 2 × 12 × 2 × 12 × 64 × 1,024 × 4',
      '         = 150,994,944 bytes',
    ].join('\n'),
  );
  expect(stdout).toMatch(
    /^Weights \(float32\) +474\.\d MiB\nKV cache \(float32\) +144\.0 MiB\nWorkspace +.*\nTotal +/m,
  );
});

test('kvasir memory --json prints the same as numbers', async () => {
  const json = await runJson<MemoryJson>('memory', '--model', 'gpt2', '--batch', '2', ...REFERENCE);
  expect(json.numParameters).toBe(124_439_808);
  expect(json.formula).toEqual({
    ...{ numLayers: 12, batch: 2, kvHeads: 12, headSize: 64, tokens: 1024, bytesPerElement: 4 },
    bytes: 150_994_944,
  });
  expect(json.kvCacheBytes).toBe(150_994_944);
  expect(json.totalBytes).toBe(json.weightBytes + json.kvCacheBytes + json.workspaceBytes);
  const half = await runJson<MemoryJson>('memory', 'gpt2', '--dtype', 'bfloat16', ...REFERENCE);
  expect(half.weightBytes / json.weightBytes).toBeCloseTo(0.5, 2);
});

test('kvasir memory --all-presets is a table of the GPT family', async () => {
  const { stdout } = await runCli(['memory', '--all-presets', ...REFERENCE]);
  const rows = stdout.trimEnd().split('\n');
  expect(rows.map((row) => row.split(/\s+/)[0])).toEqual([
    'preset',
    'gpt2',
    'gpt2-medium',
    'gpt2-large',
    'gpt2-xl',
    'gpt3',
  ]);
  for (const count of ['124,439,808', '354,823,168', '774,030,080', '1,557,611,200']) expect(stdout).toContain(count);
  const list = await runJson<MemoryJson[]>('memory', '--all-presets', ...REFERENCE);
  expect(list.map(({ model }) => model)).toEqual(rows.slice(1).map((row) => row.split(/\s+/)[0]));
  expect(list.at(-1)!.numParameters / 1e9).toBeCloseTo(175, -1);
});

test('kvasir memory takes the width of the weights from the file', async () => {
  const wide = await runJson<MemoryJson>('memory', goldenPath('models', 'llama-gqa'), ...REFERENCE);
  expect(wide).toMatchObject({ dtype: 'float32', numParameters: 19_728, formula: { kvHeads: 2, headSize: 6 } });
  const half = await runJson<MemoryJson>('memory', goldenPath('models', 'llama-gqa-bfloat16'), ...REFERENCE);
  expect(half.dtype).toBe('bfloat16');
  expect(half.weightBytes).toBeLessThan(wide.weightBytes);
});

test('kvasir memory knows codes, asked for, of a GGUF file and of a folder', async () => {
  const wide = await runJson<MemoryJson>('memory', 'gpt2', '--device', 'wasm');
  const codes = await runJson<MemoryJson>('memory', 'gpt2', '--dtype', 'int4', '--device', 'wasm');
  expect(codes.dtype).toBe('int4');
  expect(codes.weightBytes / wide.weightBytes).toBeCloseTo(0.15, 2);
  const folder = await mkdtemp(join(tmpdir(), 'kvasir-'));
  await saveRandomLlama(join(folder, 'model'));
  const location = join(folder, 'model.gguf');
  await writeGguf(join(folder, 'model'), location, { dtype: 'q8_0' });
  expect((await runJson<MemoryJson>('memory', location, ...REFERENCE)).dtype).toBe('int8');
  const { config, weights } = await quantizedLlama('gptq');
  await writeFile(join(folder, 'config.json'), config);
  await writeFile(join(folder, 'model.safetensors'), weights);
  expect((await runJson<MemoryJson>('memory', folder, ...REFERENCE)).dtype).toBe('int4');
  // They are widened where all of them are trained, and not beside an adapter.
  for (const model of [location, folder])
    expect((await runJson<MemoryJson>('memory', model, '--training', ...REFERENCE)).dtype).toBe('float32');
  for (const flags of [
    ['--lora-rank', '2'],
    ['--dtype', 'int8'],
  ]) {
    const { exitCode, stderr } = await runCli(['memory', location, '--training', ...flags]);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('weights are codes') });
  }
  await rm(folder, { recursive: true });
});

test('kvasir memory needs no more than a config.json', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kvasir-'));
  await copyFile(join(goldenPath('models', 'qwen2'), 'config.json'), join(folder, 'config.json'));
  const { stdout } = await runCli(['memory', folder, ...REFERENCE]);
  expect(stdout).toContain('Weights (float32)');
  await rm(folder, { recursive: true });
});

test('kvasir memory knows models with an encoder: the sources are a part of the cache', async () => {
  const argv = ['memory', goldenPath('encoder-decoder', 'marian'), '-b', '2', '-c', '20', '-g', '30', ...REFERENCE];
  const json = await runJson<MemoryJson & { sourceCacheBytes: number }>(...argv);
  const { formula, kvCacheBytes, sourceCacheBytes, totalBytes, weightBytes, workspaceBytes } = json;
  expect(formula).toMatchObject({ batch: 2, tokens: 50 });
  expect(kvCacheBytes).toBe((64 * formula.bytes!) / 50);
  expect(sourceCacheBytes).toBe(kvCacheBytes / 2);
  expect(totalBytes).toBe(weightBytes + kvCacheBytes + workspaceBytes);
  const { stdout } = await runCli(argv);
  expect(stdout).toMatch(/^KV cache of sources \(float32\) +\S+ KiB\nKV cache of targets \(float32\) +\S+ KiB\n/m);
  const { stdout: training } = await runCli([...argv.slice(0, 6), ...REFERENCE, '--training']);
  expect(training).toContain('A step of 2 × 20 tokens, sources and targets together\n');
  const { exitCode, stderr } = await runCli(['memory', goldenPath('encoder-decoder', 'marian'), '-c', '1000']);
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('1000 tokens of a source, but the model takes at')]);
});

interface TrainingMemoryJson {
  readonly batchSize: number;
  readonly contextLength: number;
  readonly optimizer: string;
  readonly weightBytes: number;
  readonly trainedBytes: number;
  readonly gradientBytes: number;
  readonly optimizerBytes: number;
  readonly workspaceBytes: number;
  readonly totalBytes: number;
}

test('kvasir memory --training adds what a step of training takes', async () => {
  const argv = ['memory', goldenPath('models', 'llama-gqa'), ...REFERENCE, '--training', '-b', '2', '-c', '16'];
  const adamw = await runJson<TrainingMemoryJson>(...argv);
  expect(adamw).toMatchObject({ batchSize: 2, contextLength: 16, optimizer: 'adamw', recompute: false });
  expect(adamw.gradientBytes).toBe(4 * 19_728);
  expect(adamw.optimizerBytes).toBe(2 * adamw.gradientBytes);
  const { weightBytes, trainedBytes, gradientBytes, optimizerBytes, workspaceBytes, totalBytes } = adamw;
  expect(totalBytes).toBe(weightBytes + trainedBytes + gradientBytes + optimizerBytes + workspaceBytes);
  const sgd = await runJson<TrainingMemoryJson>(...argv, '--optimizer', 'sgd');
  expect(sgd.optimizerBytes).toBe(adamw.gradientBytes);
  const adapter = await runJson<TrainingMemoryJson>(...argv, '--lora-rank', '2', '--lora-targets', 'q_proj,v_proj');
  expect(adapter).toMatchObject({ loraRank: 2 });
  expect(adapter.gradientBytes).toBeLessThan(adamw.gradientBytes / 4);
  const [less, more, dropped] = [
    await runJson<TrainingMemoryJson>(...argv, '--recompute'),
    await runJson<TrainingMemoryJson>(...argv, '-b', '4'),
    await runJson<TrainingMemoryJson>(...argv, '--dropout'),
  ];
  expect(less.workspaceBytes).toBeLessThan(adamw.workspaceBytes);
  expect(more.workspaceBytes).toBeGreaterThan(1.8 * adamw.workspaceBytes);
  expect(dropped.workspaceBytes).toBeGreaterThan(adamw.workspaceBytes);
  const { stdout } = await runCli(argv);
  expect(stdout).toContain('19,728 parameters\n\nA step of 2 × 16 tokens\n\nWeights (float32) ');
  expect(stdout).toMatch(/^Optimizer \(adamw\) +154\.1 KiB$/m);
});

test.each([
  [[], 2, 'no model is given; presets: gpt2, gpt2-medium, gpt2-large, gpt2-xl, gpt3'],
  [['gpt2', '--all-presets'], 2, 'several models are given, wanted one'],
  [['gpt2', '--model', 'gpt3'], 2, 'several models are given, wanted one'],
  [['gpt2', '--batch', '0'], 2, 'Wanted a whole number of at least 1.'],
  [['gpt2', '-c', '1000', '-g', '25'], 1, '1025 tokens, but the model takes at most 1024'],
  [['gpt2', '--recompute'], 2, '--recompute is given, but --training is not'],
  [['gpt2', '--optimizer', 'sgd'], 2, '--optimizer is given, but --training is not'],
  [['gpt2', '--training', '-g', '5'], 2, '--generate is given, but --training generates nothing'],
  [['--all-presets', '--training'], 2, '--training is of one model, but --all-presets is given'],
  [['gpt2', '--lora-rank', '4'], 2, '--lora-rank is given, but --training is not'],
  [['gpt2', '--training', '--lora-targets', 'c_attn'], 2, '--lora-targets is given, but --lora-rank is not'],
  [['gpt2', '--training', '--lora-rank', '4', '--lora-targets', 'q_proj'], 1, 'it has c_attn, c_proj, c_fc'],
  [['gpt2', '--training', '-c', '1025'], 1, '1025 tokens, but the model takes at most 1024'],
  [['./nothing'], 1, 'Cannot find the model ./nothing: there is no such folder'],
])('kvasir memory %j fails with %i', async (argv, wanted, message) => {
  const { exitCode, stdout, stderr } = await runCli(['memory', ...argv]);
  expect({ exitCode, stdout }).toEqual({ exitCode: wanted, stdout: '' });
  expect(stderr).toContain(message);
});

test('kvasir memory --cache-dtype computes the cache in another width', async () => {
  const args = ['memory', 'gpt2', '--batch', '2', '-c', '1000', '-g', '24', '--threads', '1'];
  const { exitCode, stdout } = await runCli([...args, '--cache-dtype', 'bfloat16']);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('= 2 × 12 × 2 × 12 × 64 × 1,024 × 2\n');
  expect(stdout).toMatch(/^KV cache \(bfloat16\) +72\.0 MiB$/m);
  const json = await runJson<MemoryJson>(...args, '--cache-dtype', 'int8');
  expect(json.formula.bytesPerElement).toBe(1);
  // Codes, and a scale of 4 bytes for each key and value of a head.
  expect(json.kvCacheBytes).toBe(2 * 12 * 2 * 12 * 1024 * (64 + 4));
});
