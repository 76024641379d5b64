import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { goldenPath } from '../../test/goldens.ts';
import type { Backend } from '../backend/backend.ts';
import { createBackend } from '../create-backend.ts';
import { openSafetensors } from '../formats/safetensors.ts';
import type { WeightSource } from '../formats/weight-source.ts';
import { describeModel, loadModel, loadModelFrom, parseModelConfig } from './load-model.ts';
import type { LoadProgress } from './load-parameters.ts';

let backend: Backend;
let folder: string;

beforeEach(async () => {
  backend = await createBackend({ device: 'reference' });
  folder = await mkdtemp(join(tmpdir(), 'kvasir-test-'));
  await cp(goldenPath('models', 'llama-gqa'), folder, { recursive: true });
});

/** Whatever a test did, nothing may be left on the device. */
afterEach(async () => {
  expect(backend.memoryUsage().allocatedBytes).toBe(0);
  await backend.dispose();
  await rm(folder, { recursive: true });
});

async function changeConfig(changes: Record<string, unknown>): Promise<void> {
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as object;
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, ...changes }));
}

const loading = () => loadModel(backend, folder);

test('a folder without config.json', async () => {
  await rm(join(folder, 'config.json'));
  await expect(loading()).rejects.toThrow(`Cannot load the model in ${folder}: it has no config.json`);
});

test('a config.json that is not JSON, or not an object', () => {
  expect(() => parseModelConfig('config.json', '{"a":')).toThrow('Cannot read config.json: not valid JSON');
  expect(() => parseModelConfig('config.json', '[1]')).toThrow('Cannot read config.json: got [1], wanted an object');
});

test('an unknown architecture lists the known ones', async () => {
  await changeConfig({ model_type: 'lama' });
  await expect(loading()).rejects.toThrow(
    /Cannot load a model of type "lama" .*did you mean "llama"\?; known: openai-gpt, gpt2, gpt_neo, llama, mistral/,
  );
});

test.each([
  [{ num_hidden_layers: 0 }, '"num_hidden_layers" is 0, wanted a whole number of at least 1'],
  [{ num_hidden_layers: '2' }, '"num_hidden_layers" is "2", wanted a whole number'],
  [{ num_hidden_layers: 1e6 }, '1000000 layers, at most 10000 are supported'],
  [{ hidden_size: 24.5 }, '"hidden_size" is 24.5, wanted a whole number'],
  [{ rms_norm_eps: -1 }, '"rms_norm_eps" is -1, wanted a number above 0'],
  [{ hidden_act: 'swiglu' }, '"hidden_act" is "swiglu", wanted one of "relu", "gelu"'],
  [{ tie_word_embeddings: 1 }, '"tie_word_embeddings" is 1, wanted true or false'],
  [{ num_key_value_heads: 5 }, 'query heads cannot share 5 key/value heads evenly'],
  [{ rope_parameters: { rope_type: 'longrope' } }, '"rope_parameters": "long_factor" is missing'],
  [{ rope_parameters: { rope_type: 'linear', factor: 0 } }, '"factor" is 0, wanted a number above 0'],
  [{ quantization_config: { bits: 4 } }, '"quantization_config": "quant_method" is missing'],
])('a malformed config %j', async (changes, message) => {
  await changeConfig(changes);
  await expect(loading()).rejects.toThrow(message);
});

test('missing, misshapen and unexpected tensors are listed at once', async () => {
  const description = await describeModel(folder);
  const source = await openSafetensors(join(folder, 'model.safetensors'));
  const tensors = new Map(source.tensors);
  const norm = tensors.get('model.norm.weight')!;
  tensors.delete('model.norm.weight');
  tensors.set('model.extra.weight', { ...norm, name: 'model.extra.weight' });
  tensors.set('model.layers.0.mlp.up_proj.weight', { ...norm, name: 'model.layers.0.mlp.up_proj.weight' });
  const changed: WeightSource = {
    ...source,
    location: 'here',
    tensors,
    read: source.read.bind(source),
    close: async () => {},
  };
  const loaded = loadModelFrom(backend, description, changed);
  await expect(loaded).rejects.toThrow(
    /Cannot load the weights in here:\n {2}1 missing: model\.norm\.weight\n {2}1 misshapen: model\.layers\.0\.mlp\.up_proj\.weight has shape \(\d+\), wanted \(\d+, \d+\)\n {2}1 unexpected: model\.extra\.weight/,
  );
  await source.close();
});

test('a truncated weight file', async () => {
  const file = join(folder, 'model.safetensors');
  const bytes = await readFile(file);
  await writeFile(file, bytes.subarray(0, bytes.length - 100));
  await expect(loading()).rejects.toThrow(/Cannot read .*model\.safetensors/);
});

test('a read that fails ends the load once all other reads have ended', async () => {
  const source = await openSafetensors(join(folder, 'model.safetensors'));
  let numReads = 0;
  let underWay = 0;
  const failing: WeightSource = {
    ...source,
    location: 'here',
    tensors: source.tensors,
    async read(name, target, byteOffset) {
      underWay++;
      const isBroken = ++numReads === 7;
      await new Promise((resolve) => setTimeout(resolve, isBroken ? 0 : 20));
      await source.read(name, target, byteOffset);
      underWay--;
      if (isBroken) throw new Error('the disk is gone');
    },
    close: async () => {},
  };
  await expect(loadModelFrom(backend, await describeModel(folder), failing)).rejects.toThrow('the disk is gone');
  expect(underWay).toBe(0);
  expect(numReads).toBeLessThan(source.tensors.size);
  await source.close();
});

test('an aborted load, before and in the middle', async () => {
  await expect(loadModel(backend, folder, { signal: AbortSignal.abort(new Error('no more')) })).rejects.toThrow(
    'no more',
  );
  const controller = new AbortController();
  const seen: LoadProgress[] = [];
  const aborted = loadModel(backend, folder, {
    signal: controller.signal,
    onProgress: (progress) => {
      seen.push(progress);
      if (seen.length === 5) controller.abort(new Error('enough'));
    },
  });
  await expect(aborted).rejects.toThrow('enough');
  expect(seen.length).toBeLessThanOrEqual(6);
});

test('progress counts every byte of the weights', async () => {
  let last: LoadProgress | undefined;
  const model = await loadModel(backend, folder, { onProgress: (progress) => (last = progress) });
  expect(last!.loaded).toBe(last!.total);
  expect(last!.total).toBe(4 * model.numParameters);
  model.dispose();
});

test('token ids out of range, and a sequence longer than the model takes', async () => {
  const model = await loadModel(backend, folder);
  const { vocabSize, maxPositions } = model.config;
  const forward = (inputIds: number[]) => model.forward({ inputIds, maxLength: 32 });
  for (const id of [-1, vocabSize, 1.5, Number.NaN])
    await expect(forward([1, id])).rejects.toThrow(
      `Cannot run the model: token id ${id}, wanted 0 to ${vocabSize - 1}`,
    );
  await expect(forward(Array.from({ length: maxPositions + 1 }, () => 1))).rejects.toThrow(
    `a sequence of ${maxPositions + 1} tokens, but it takes at most ${maxPositions}`,
  );
  await expect(forward(Array.from({ length: 40 }, () => 1))).rejects.toThrow(
    'Cannot allocate 3 blocks: 2 of 2 are free',
  );
  model.dispose();
});

test('dtype converts the weights as they are loaded', async () => {
  const model = await loadModel(backend, folder, { dtype: 'bfloat16' });
  expect(model.transformer.parts.tokenEmbedding.weight.dtype).toBe('bfloat16');
  model.dispose();
});
