import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { goldenPath } from '../../test/goldens.ts';
import { runCli, runJson } from '../../test/run-cli.ts';

const LLAMA = goldenPath('models', 'llama-gqa');

interface InspectJson {
  readonly architecture?: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly numParameters: number;
  readonly weightBytes: number;
  readonly dtypes: Readonly<Record<string, number>>;
  readonly tensors: readonly { name: string; dtype: string; shape: number[]; byteLength: number; location: string }[];
  readonly tokenizer?: Readonly<Record<string, unknown>>;
  readonly generation?: { readonly values: object; readonly ignored: readonly string[] };
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvasir-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('kvasir inspect --json says what a folder holds', async () => {
  const json = await runJson<InspectJson>('inspect', LLAMA);
  expect(json).toMatchObject({
    architecture: 'llama',
    config: { numLayers: 2, numHeads: 4, numKvHeads: 2, headSize: 6, isTied: true },
    numParameters: 19_728,
    weightBytes: 4 * 19_728,
    dtypes: { float32: 19_728 },
    tokenizer: { kind: 'BPE', vocabSize: 409, bosTokenId: 1, eosTokenId: 2, hasChatTemplate: true },
    generation: { values: { temperature: 0.6, topP: 0.9 }, ignored: [] },
  });
  expect(json.tensors).toHaveLength(20);
  expect(json.tensors.find(({ name }) => name === 'model.layers.1.self_attn.k_proj.weight')).toEqual({
    name: 'model.layers.1.self_attn.k_proj.weight',
    ...{ dtype: 'float32', shape: [12, 24], byteLength: 4 * 12 * 24 },
    location: join(LLAMA, 'model.safetensors'),
  });
});

test('kvasir inspect shows layers that are alike in one line', async () => {
  const { exitCode, stdout } = await runCli(['inspect', '--model', LLAMA]);
  expect(exitCode).toBe(0);
  expect(stdout).toContain(`${LLAMA}: architecture llama, 19,728 parameters`);
  expect(stdout).toMatch(/^ {2}model\.layers\.\*\.mlp\.up_proj\.weight +float32 +\(44, 24\) +2 × 4\.1 KiB$/m);
  expect(stdout).toMatch(/^ {2}numKvHeads +2$/m);
  expect(stdout).toMatch(/^ {2}chatTemplate +yes$/m);
  expect(stdout).toMatch(/^ {2}temperature +0\.6$/m);
});

test('kvasir inspect --tensors lists the matching ones', async () => {
  const { stdout } = await runCli(['inspect', LLAMA, '--tensors', 'layers.1.*_proj']);
  expect([...stdout.matchAll(/^ {2}model\.\S+/gm)]).toHaveLength(7);
  const { exitCode, stderr } = await runCli(['inspect', LLAMA, '--tensors', 'layers.7']);
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('none matches layers.7') });
});

test('kvasir inspect reads a bare file', async () => {
  const json = await runJson<InspectJson>('inspect', join(LLAMA, 'model.safetensors'));
  expect(Object.keys(json)).toEqual(['model', 'numParameters', 'weightBytes', 'dtypes', 'metadata', 'tensors']);
  expect(json.numParameters).toBe(19_728);
  const { stdout } = await runCli(['inspect', join(LLAMA, 'model.safetensors')]);
  expect(stdout).toContain('model.safetensors: a safetensors file, 19,728 parameters');
});

test('kvasir inspect says which shard holds a tensor', async () => {
  const { tensors } = await runJson<InspectJson>('inspect', goldenPath('models', 'llama-sharded'));
  expect(new Set(tensors.map(({ location }) => location.replace(/^.*\//, ''))).size).toBe(3);
});

test('kvasir inspect needs no more than a config.json, and names what it ignores', async () => {
  await copyFile(join(LLAMA, 'config.json'), join(folder, 'config.json'));
  await writeFile(join(folder, 'generation_config.json'), '{"num_beams": 4, "dola_layers": "low"}');
  const { stdout } = await runCli(['inspect', folder]);
  expect(stdout).toMatch(/^Tokenizer\n {2}none$/m);
  expect(stdout).toMatch(/^Weights\n {2}none$/m);
  expect(stdout).toMatch(/^ {2}numBeams +4$/m);
  expect(stdout).toMatch(/^ {2}ignored +dola_layers$/m);
});

test.each([
  [[], 2, 'no model is given'],
  [['a', '--model', 'b'], 2, 'two models are given'],
  [[join(LLAMA, 'config.json')], 2, 'it is a file, but not a .safetensors or .gguf file'],
  [['./nothing.safetensors'], 1, 'Cannot find the model ./nothing.safetensors: there is no such folder'],
])('kvasir inspect %j fails with %i', async (argv, wanted, message) => {
  const { exitCode, stdout, stderr } = await runCli(['inspect', ...argv]);
  expect({ exitCode, stdout }).toEqual({ exitCode: wanted, stdout: '' });
  expect(stderr).toContain(message);
});

test('kvasir inspect says what is wrong with a damaged file', async () => {
  const file = join(folder, 'damaged.safetensors');
  await writeFile(file, Buffer.from([255, 0, 0, 0, 0, 0, 0, 0, 1]));
  const { exitCode, stderr } = await runCli(['inspect', file]);
  const message = `kvasir: Cannot read ${file}: header of 255 bytes, but the file has 1 after its length\n`;
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: message });
});
