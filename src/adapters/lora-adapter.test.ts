import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { goldenNames, goldenPath, readGoldenTensors } from '../../test/goldens.ts';
import type { Backend } from '../backend/backend.ts';
import { createReferenceBackend } from '../backends/reference/reference-backend.ts';
import { encodeSafetensors } from '../formats/encode-safetensors.ts';
import type { CausalLM } from '../models/causal-lm.ts';
import { loadModel } from '../models/load-model.ts';
import { adapterFingerprint } from './adapter-fingerprint.ts';
import { loadMergedModel } from './load-merged-model.ts';
import { loadAdapter } from './lora-adapter.ts';
import { saveAdapter } from './save-adapter.ts';

const IDS = [1, 5, 9, 2];

let backend: Backend;
let model: CausalLM;
let folder: string;
let before: number;
beforeAll(async () => {
  backend = createReferenceBackend();
  model = await loadModel(backend, goldenPath('models', 'llama-gqa'));
});
afterAll(() => backend.dispose());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvasir-adapter-'));
  await cp(goldenPath('lora', 'llama-gqa'), folder, { recursive: true });
  before = backend.memoryUsage().allocatedBytes;
});
afterEach(async () => {
  await rm(folder, { recursive: true });
  expect(backend.memoryUsage().allocatedBytes).toBe(before);
});

async function changeConfig(changes: Readonly<Record<string, unknown>>): Promise<void> {
  const file = join(folder, 'adapter_config.json');
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), ...changes }));
}

async function logitsOf(of: CausalLM, adapter?: Awaited<ReturnType<typeof loadAdapter>>): Promise<Float32Array> {
  const { logits, pastKeyValues } = await of.forward({ inputIds: IDS, maxLength: 16, adapter });
  pastKeyValues.dispose();
  return logits.data;
}

test.each(goldenNames('lora'))('%s: an adapter that is saved is the same when it is loaded again', async (name) => {
  const of = await loadModel(backend, goldenPath('models', name));
  const adapter = await loadAdapter(of, goldenPath('lora', name));
  const saved = join(folder, 'deep', 'saved');
  await saveAdapter(adapter, saved);
  const again = await loadAdapter(of, saved);
  expect(again.config).toEqual(adapter.config);
  expect(await adapterFingerprint(again)).toBe(await adapterFingerprint(adapter));
  expect(await logitsOf(of, again)).toEqual(await logitsOf(of, adapter));
  const wanted = await readGoldenTensors('lora', name, 'adapter_model.safetensors');
  const config = JSON.parse(await readFile(join(saved, 'adapter_config.json'), 'utf8'));
  expect(config.fan_in_fan_out).toBe(name === 'gpt2');
  expect(again.targeted).toHaveLength(wanted.size / 2);
  adapter.release();
  again.release();
  of.dispose();
});

test('an interrupted save leaves the adapter that was there', async () => {
  const adapter = await loadAdapter(model, folder);
  await changeConfig({ lora_alpha: 3 });
  const other = await loadAdapter(model, folder);
  const signal = AbortSignal.abort(new Error('no more'));
  await expect(saveAdapter(adapter, folder, { signal })).rejects.toThrow('no more');
  const after = await loadAdapter(model, folder);
  expect(await adapterFingerprint(after)).toBe(await adapterFingerprint(other));
  expect(await adapterFingerprint(after)).not.toBe(await adapterFingerprint(adapter));
  for (const one of [adapter, other, after]) one.release();
});

describe('refuses', () => {
  test('a folder without one of the files', async () => {
    await rm(join(folder, 'adapter_model.safetensors'));
    await expect(loadAdapter(model, folder)).rejects.toThrow(`${folder}: it has no adapter_model.safetensors`);
    await rm(join(folder, 'adapter_config.json'));
    await expect(loadAdapter(model, folder)).rejects.toThrow(`${folder}: it has no adapter_config.json`);
  });

  test('missing, misshapen and unexpected tensors, all at once', async () => {
    await changeConfig({ r: 5, target_modules: ['q_proj', 'k_proj'] });
    const prefix = 'base_model.model.model.layers.0.self_attn';
    await expect(loadAdapter(model, folder)).rejects.toThrow(
      new RegExp(
        String.raw`adapter_model.safetensors:\n {2}4 missing: ${prefix}.k_proj.lora_A.weight, .*\n` +
          String.raw` {2}4 misshapen: ${prefix}.q_proj.lora_A.weight has shape \(4, \d+\), wanted \(5, \d+\), .*\n` +
          ` {2}4 unexpected: ${prefix}.v_proj.lora_A.weight, `,
      ),
    );
  });

  test('an adapter of another base', async () => {
    await expect(loadAdapter(model, goldenPath('lora', 'gpt2'))).rejects.toThrow(
      'the target modules ["c_attn"] name no linear layer of the model; it has q_proj',
    );
    const other = await loadModel(backend, goldenPath('models', 'llama2-mha'));
    await expect(loadAdapter(other, folder)).rejects.toThrow(/misshapen: .*lora_..weight has shape/);
    const mergeAdapter = folder;
    await expect(loadMergedModel(backend, goldenPath('models', 'llama2-mha'), { mergeAdapter })).rejects.toThrow(
      'misshapen',
    );
    const adapter = await loadAdapter(model, folder);
    await expect(logitsOf(other, adapter)).rejects.toThrow('the adapter is one of another model');
    adapter.release();
    other.dispose();
  });

  test('whole numbers for weights, and a damaged file', async () => {
    const file = join(folder, 'adapter_model.safetensors');
    const name = 'base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight';
    const data = new Int32Array(4 * model.config.hiddenSize);
    const shape = [4, model.config.hiddenSize];
    await writeFile(file, encodeSafetensors([{ name, dtype: 'int32', shape, data }]));
    await expect(loadAdapter(model, folder)).rejects.toThrow(`${name} is int32, wanted a float of 16 to 64 bits`);
    await writeFile(file, 'not a safetensors file');
    await expect(loadAdapter(model, folder)).rejects.toThrow(/Cannot read .*adapter_model.safetensors/);
  });

  test('to go on after an abort', async () => {
    const signal = AbortSignal.abort(new Error('no more'));
    await expect(loadAdapter(model, folder, { signal })).rejects.toThrow('no more');
  });
});

describe('merging', () => {
  test.each(['bfloat16', 'float16'] as const)('rounds the merged float32 weights to %s once', async (dtype) => {
    const options = { mergeAdapter: folder };
    const path = goldenPath('models', 'llama-gqa');
    const exact = await loadMergedModel(backend, path, options);
    const rounded = await loadMergedModel(backend, path, { ...options, dtype });
    const weight = rounded.parameters.weight('layers.1.attention.query.weight');
    expect(weight.dtype).toBe(dtype);
    const values = await exact.parameters.weight('layers.1.attention.query.weight').read();
    const wanted = backend.allocateMatrix(dtype, weight.rows, weight.columns);
    await backend.writeMatrix(wanted, {
      ...{ data: new Uint8Array(values.buffer), dtype: 'float32', order: 'rows', first: 0, count: weight.rows },
    });
    expect(await weight.read()).toEqual(await backend.readMatrix(wanted));
    backend.release(wanted);
    exact.dispose();
    rounded.dispose();
  });

  test('keeps the width of a file of 16 bits', async () => {
    const path = goldenPath('models', 'llama-gqa-bfloat16');
    const merged = await loadMergedModel(backend, path, { mergeAdapter: folder });
    const wide = await loadMergedModel(backend, path, { mergeAdapter: folder, dtype: 'float32' });
    const name = 'layers.0.attention.value.weight';
    expect(merged.parameters.weight(name).dtype).toBe('bfloat16');
    const [values, exact] = [await merged.parameters.weight(name).read(), await wide.parameters.weight(name).read()];
    for (const [i, value] of values.entries())
      expect(Math.abs(value - exact[i]!)).toBeLessThanOrEqual(Math.abs(exact[i]!) * 2 ** -8);
    expect(values).not.toEqual(exact);
    merged.dispose();
    wide.dispose();
  });
});
