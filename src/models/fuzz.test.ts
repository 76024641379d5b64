import { expect, test } from 'vitest';
import { memoryFile } from '../../test/memory-file.ts';
import { joined, mutate, mutateJson, readMutations } from '../../test/mutate.ts';
import { quantizedLlama } from '../../test/quantized-llama.ts';
import { createReferenceBackend } from '../backends/reference/reference-backend.ts';
import { JsonFields } from '../config/json-fields.ts';
import { readSafetensors } from '../formats/safetensors.ts';
import { readTensor, type WeightSource } from '../formats/weight-source.ts';
import { loadModelFrom, parseModelConfig } from './load-model.ts';
import { configuredWeights } from './open-model-weights.ts';

interface Files {
  readonly config: string;
  readonly weights: Uint8Array<ArrayBuffer>;
}

const MUTATIONS = 2_000;
const SECONDS = 120_000;

const MUTATED: { readonly [What: string]: (files: Files, seed: number) => Files } = {
  'bytes of the weights': ({ config, weights }, seed) => ({ config, weights: mutate(weights, seed) }),
  'bytes of their header': ({ config, weights }, seed) => {
    const end = headerEnd(weights);
    return { config, weights: joined(mutate(weights.slice(0, end), seed), weights.subarray(end)) };
  },
  'values of their header': ({ config, weights }, seed) => ({ config, weights: mutateHeader(weights, seed) }),
  'bytes of config.json': ({ config, weights }, seed) => {
    const bytes = mutate(new TextEncoder().encode(config), seed);
    return { config: new TextDecoder().decode(bytes), weights };
  },
  'values of config.json': ({ config, weights }, seed) => ({ config: mutateJson(config, seed), weights }),
};

function headerEnd(weights: Uint8Array<ArrayBuffer>): number {
  return 8 + Number(new DataView(weights.buffer).getBigUint64(0, true));
}

function mutateHeader(weights: Uint8Array<ArrayBuffer>, seed: number): Uint8Array<ArrayBuffer> {
  const end = headerEnd(weights);
  const text = mutateJson(new TextDecoder().decode(weights.subarray(8, end)), seed);
  const header = new TextEncoder().encode(text.padEnd(8 * Math.ceil(text.length / 8)));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true);
  return joined(joined(length, header), weights.subarray(end));
}

/** Loads the model of a folder, and reads all that the folder claims to have. */
async function readFolder({ config, weights }: Files): Promise<void> {
  const fields = JsonFields.parse('config.json', config);
  const source = await configuredWeights(fields, await readSafetensors(memoryFile(weights)));
  await readAll(source, 8 * weights.length);
  const model = await loadModelFrom(createReferenceBackend(), parseModelConfig('config.json', config), source);
  model.dispose();
}

async function readAll(source: WeightSource, limit: number): Promise<void> {
  for (const { name, byteLength } of source.tensors.values()) {
    if (byteLength > limit) throw new Error(`Tensor ${name} claims ${byteLength} bytes, more than ${limit}`);
    await readTensor(source, name);
    await source.quantized?.get(name)?.read();
  }
}

test.each(['gptq', 'awq'] as const)(
  'Mutated folders of %s are loaded or refused with a clear error',
  {
    timeout: SECONDS,
  },
  async (method) => {
    const original = await quantizedLlama(method);
    await readFolder(original);
    const kinds = Object.values(MUTATED);
    const mutated = (seed: number) => kinds[seed % kinds.length]!(original, seed);
    const numRead = await readMutations(MUTATIONS, (seed) => readFolder(mutated(seed)));
    expect(numRead).toBeGreaterThan(0);
    expect(numRead).toBeLessThan(MUTATIONS);
  },
);
