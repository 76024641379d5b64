import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { goldenPath } from '../../test/goldens.ts';
import { runCli, runJson } from '../../test/run-cli.ts';
import { saveTinyTranslator } from '../../test/save-tiny-translator.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import type { WeightDType } from '../backend/dtype.ts';
import { createReferenceBackend } from '../backends/reference/reference-backend.ts';
import { roundValues } from '../formats/round-values.ts';
import { toFloat32 } from '../formats/weight-source.ts';
import { LLM } from '../llm/llm.ts';
import { loadLanguageModel } from '../models/language-model.ts';
import type { LoadedDType } from '../models/load-matrix.ts';
import { platform } from '../platform/node.ts';

const files = temporaryFolder();

interface Report {
  readonly output: string;
  readonly dtype: string;
  readonly byteLength: number;
}

/** A folder of codes, of a model that writes texts or of one that makes texts of texts. */
async function quantized(kind: 'llama' | 'translator'): Promise<string> {
  const model =
    kind === 'llama' ? goldenPath('models', 'llama-gqa') : await saveTinyTranslator(files.path('translator'));
  const output = files.path('codes');
  await runJson('quantize', model, '--scheme', 'int8', '--method', 'rtn', '--threads', '1', '-o', output);
  return output;
}

async function valuesOf(folder: string, dtype: LoadedDType = 'float32') {
  const { parameters } = await loadLanguageModel(createReferenceBackend(), folder, { dtype });
  const values = new Map<string, Float32Array>();
  for (const [path, parameter] of parameters.entries) values.set(path, (await parameter.read()) as Float32Array);
  return values;
}

function rounded(values: Float32Array, dtype: WeightDType): Float32Array {
  const bytes = roundValues(values, dtype);
  return toFloat32(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength).slice(), dtype)!;
}

test.each([
  ['llama', 'float32'],
  ['translator', 'float32'],
  ['llama', 'bfloat16'],
  ['translator', 'float16'],
] as const)('kvasir dequantize writes the numbers of a %s in codes as %s', async (kind, dtype) => {
  const codes = await quantized(kind);
  const output = files.path('floats');
  const flags = dtype === 'float32' ? [] : ['--dtype', dtype];
  const report = await runJson<Report>('dequantize', codes, ...flags, '-o', output);
  expect(report).toMatchObject({ output, dtype });
  expect((await platform.fileStatus(join(output, 'model.safetensors')))!.size).toBe(report.byteLength);
  const config = JSON.parse(await readFile(join(output, 'config.json'), 'utf8')) as object;
  expect(config).not.toHaveProperty('quantization_config');
  expect(Object.values(config)).toContain(dtype);
  expect(await platform.listDirectory(output)).toEqual(await platform.listDirectory(codes));
  const wanted = await valuesOf(codes);
  const written = await valuesOf(output, 'auto');
  expect([...written.keys()]).toEqual([...wanted.keys()]);
  for (const [path, values] of written) expect(values, path).toEqual(rounded(wanted.get(path)!, dtype));
});

test('a bundled model becomes one that says the same where its codes are widened', async () => {
  const output = files.path('stories');
  const { exitCode, stdout } = await runCli(['dequantize', 'stories-draft', '-o', output]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `${output}\n` });
  const textOf = async (model: string, dtype: 'auto' | 'float32') => {
    await using llm = await LLM.load(model, { dtype, threads: 1 });
    return (await llm.generate('Once', { seed: 4, maxNewTokens: 20 })).text;
  };
  expect(await textOf(output, 'auto')).toBe(await textOf('stories-draft', 'float32'));
});

test.each<[readonly string[], number, string]>([
  [['stories'], 2, 'Cannot dequantise: no folder is given; name one with --output'],
  [['stories', '-o', 'x', '--dtype', 'int8'], 2, 'float32, bfloat16, float16'],
  [['stories', '-o', goldenPath('models')], 1, 'it is there already; name a new folder'],
  [['./nothing', '-o', 'x'], 1, 'Cannot find the model ./nothing'],
])('kvasir dequantize %j fails', async (argv, wanted, message) => {
  const { exitCode, stdout, stderr } = await runCli(['dequantize', ...argv]);
  expect(stderr).toContain(message);
  expect({ exitCode, stdout }).toEqual({ exitCode: wanted, stdout: '' });
});

test('a GGUF file is refused, and nothing is left behind', async () => {
  const file = files.path('draft.gguf');
  const model = await quantized('llama');
  await runJson('quantize', 'stories-draft', '--scheme', 'int8', '--method', 'rtn', '--threads', '1', '-o', file);
  const output = files.path('floats');
  const refused = await runCli(['dequantize', file, '-o', output]);
  expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('it is GGUF, whose tokenizer') });
  await files.write('codes/model.safetensors', 'nothing');
  expect((await runCli(['dequantize', model, '-o', output])).exitCode).toBe(1);
  expect(await platform.isDirectory(output)).toBe(false);
  expect(await platform.isDirectory(`${output}.partial`)).toBe(false);
});
