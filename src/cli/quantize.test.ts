import { expect, test } from 'vitest';
import { runCli, runJson } from '../../test/run-cli.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { LLM } from '../llm/llm.ts';
import { platform } from '../platform/node.ts';

const files = temporaryFolder();
const TEXT = 'Once upon a time there was a curious boy. He lived in a small house with his sister. '.repeat(8);
const DEVICE = ['--threads', '1'] as const;

interface Report {
  readonly method: string;
  readonly calibrationTokens: number;
  readonly numMatrices: number;
  readonly byteLength: number;
}

interface Evaluated {
  readonly models: readonly { readonly total: { readonly comparison: { readonly klDivergence: number } } }[];
}

test('kvasir quantize writes a folder and a GGUF file that stay close to the model', async () => {
  const text = await files.write('text.txt', TEXT);
  const outputs = { folder: files.path('int8'), file: files.path('q8_0.gguf') };
  const argv = ['quantize', 'stories-draft', '--scheme', 'int8', ...DEVICE] as const;
  const calibration = ['--calibration', text, '--calibration-tokens', '100'] as const;
  const folder = await runJson<Report>(...argv, ...calibration, '-o', outputs.folder);
  expect(folder).toMatchObject({ output: outputs.folder, scheme: 'int8', method: 'gptq' });
  expect(folder.calibrationTokens).toBe(101);
  const file = await runJson<Report>(...argv, '-o', outputs.file);
  expect(file).toMatchObject({ output: outputs.file, method: 'search', calibrationTokens: 0 });
  for (const { numMatrices, byteLength } of [folder, file]) {
    expect(numMatrices).toBe(14);
    expect(byteLength).toBeGreaterThan(0);
  }
  const flags = ['--against', 'stories-draft', '-d', text, '--max-tokens', '60', ...DEVICE] as const;
  const { models } = await runJson<Evaluated>('evaluate', '-m', outputs.folder, '-m', outputs.file, ...flags);
  for (const { total } of models) expect(total.comparison.klDivergence).toBeLessThan(0.05);
  expect(await platform.listDirectory(outputs.folder)).toContain('tokenizer.json');
  for (const output of [outputs.folder, outputs.file]) {
    const llm = await LLM.load(output, { threads: 1 });
    expect(llm.model.parameters.weight('layers.0.mlp.down.weight').dtype, output).toBe('int8');
    await llm.dispose();
  }
});

test.each<[readonly string[], number, string]>([
  [[], 2, 'Cannot quantise: --scheme and --output are both needed'],
  [['--scheme', 'int3', '-o', 'x'], 2, 'Known: int8, int8-row, int4'],
  [['--scheme', 'int4', '-o', 'x', '--method', 'gptq'], 2, '--method gptq needs texts; name a file with --calibration'],
  [
    ['--scheme', 'int4', '-o', 'x', '--method', 'rtn', '--calibration', 'y'],
    2,
    '--method nearest takes no --calibration',
  ],
  [['--scheme', 'int4', '-o', 'x', '--override', 'head=int5'], 2, '--override has head=int5, known: keep, int8'],
])('kvasir quantize %j fails', async (flags, wanted, message) => {
  const { exitCode, stdout, stderr } = await runCli(['quantize', 'stories', ...flags]);
  expect(stderr).toContain(message);
  expect({ exitCode, stdout }).toEqual({ exitCode: wanted, stdout: '' });
});

test('kvasir quantize writes a model with an encoder, which still brings dates to their normal form', async () => {
  const output = files.path('int8');
  const argv = ['quantize', 'normal-forms', '--scheme', 'int8', '--method', 'rtn', ...DEVICE, '-o', output] as const;
  const report = await runJson<Report>(...argv);
  // Two layers of an encoder with 6 matrices each, and two of a decoder, which attends to sources too.
  expect(report).toMatchObject({ method: 'nearest', numMatrices: 2 * 6 + 2 * 10 });
  await using llm = await LLM.load(output, { threads: 1 });
  expect(llm.model.parameters.weight('decoder.layers.1.crossAttention.key.weight').dtype).toBe('int8');
  expect((await llm.transduce('half past two on the third of March 1998')).text).toBe('1998-03-03T02:30');
});

test.each<[readonly string[], string]>([
  [['--method', 'gptq', '--calibration', 'texts'], '--method gptq is of decoder-only models; wanted nearest or search'],
  [['-o', 'x.gguf'], 'x.gguf would be GGUF, which is of decoder-only models; wanted a folder'],
])('kvasir quantize refuses %j for a model with an encoder', async (flags, message) => {
  const argv = ['quantize', 'normal-forms', '--scheme', 'int8', ...DEVICE, '-o', files.path('x'), ...flags];
  const { exitCode, stdout, stderr } = await runCli(argv);
  expect(stderr).toContain(`Cannot quantise: the model has an encoder, and ${message}`);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
});

test('what fails leaves nothing behind', async () => {
  const output = files.path('out.gguf');
  const { stderr } = await runCli([
    'quantize',
    'stories-draft',
    '--scheme',
    'int4-128',
    '--method',
    'rtn',
    ...DEVICE,
    '-o',
    output,
  ]);
  expect(stderr).toContain('as GGUF: it is int4, groups of 128');
  expect(await platform.isFile(output)).toBe(false);
  expect(await platform.isFile(`${output}.partial`)).toBe(false);
});
