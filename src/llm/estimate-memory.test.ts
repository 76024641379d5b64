import { mkdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { quantizedLlama } from '../../test/quantized-llama.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { testBackends } from '../../test/test-backends.ts';
import { CACHE_BLOCK_SIZE } from '../backend/backend.ts';
import { matrixDType } from '../backend/dtype.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { DEVICES } from '../create-backend.ts';
import { parseEncoderDecoderConfig } from '../models/load-encoder-decoder.ts';
import { describeModel } from '../models/load-model.ts';
import { readMatrixFormats } from '../models/matrix-formats.ts';
import { modelPreset } from '../models/presets.ts';
import { estimateMemory } from './estimate-memory.ts';
import { LLM } from './llm.ts';
import type { LoadOptions } from './load-options.ts';

const files = temporaryFolder();

const gpt2 = modelPreset('gpt2');

test('the cache formula of GPT-2 small', () => {
  const { formula, kvCacheBytes } = estimateMemory(gpt2.config, {
    contextTokens: 1000,
    generationTokens: 24,
    batch: 3,
  });
  expect(formula.bytes).toBe(2 * 12 * 3 * 12 * 64 * 1024 * 4);
  expect(kvCacheBytes).toBe(formula.bytes);
});

test('a cache takes whole blocks', () => {
  const { formula, kvCacheBytes } = estimateMemory(gpt2.config, { device: 'reference', contextTokens: 17 });
  expect(formula.tokens).toBe(17);
  expect(kvCacheBytes).toBe((formula.bytes / 17) * 2 * CACHE_BLOCK_SIZE);
});

test('grouped heads shrink the cache', () => {
  const grouped = { ...gpt2.config, numKvHeads: 4, isQkvFused: false };
  const bytes = (config: ModelConfig) => estimateMemory(config, { contextTokens: 512 }).kvCacheBytes;
  expect(bytes(gpt2.config)).toBe(3 * bytes(grouped));
});

test('GPT-3 is estimated without allocating it', () => {
  const { config } = modelPreset('gpt3');
  const { numParameters, weightBytes, kvCacheBytes } = estimateMemory(config, {
    dtype: 'bfloat16',
    device: 'reference',
  });
  expect(weightBytes).toBeGreaterThan(2 * numParameters - 1);
  expect(weightBytes).toBeLessThan(2.001 * numParameters);
  expect(kvCacheBytes).toBe(2 * 96 * 12288 * 2048 * 4);
});

test('impossible counts are refused', () => {
  expect(() => estimateMemory(gpt2.config, { batch: 0 })).toThrow('batch is 0, wanted a whole number of at least 1');
  expect(() => estimateMemory(gpt2.config, { contextTokens: 1000, generationTokens: 25 })).toThrow(
    '1025 tokens, but the model takes at most 1024',
  );
});

const loads = Object.keys(testBackends).flatMap((name) =>
  (['float32', 'bfloat16', 'int8', 'int4-zero-point'] as const).map((dtype) => [dtype, name] as const),
);

test.each(loads)('the estimate agrees with what a loaded model of %s takes on %s', async (dtype, name) => {
  const device = DEVICES.find((known) => name.startsWith(known))!;
  const config = { ...gpt2.config, vocabSize: 3001, hiddenSize: 96, numLayers: 3, intermediateSize: 384, numHeads: 6 };
  const description = {
    ...gpt2,
    config: { ...config, numKvHeads: 6, headSize: 16, attentionScale: 1 / 4, maxPositions: 640 },
  };
  const threads = device === 'wasm' ? { threads: 2 } : {};
  const llm = await LLM.random(description, { device, dtype, cacheTokens: 640, ...threads } as LoadOptions);
  await llm.generate(
    Array.from({ length: 630 }, (_, i) => i),
    { maxNewTokens: 10, ignoreEos: true },
  );
  const measured = llm.memory();
  const options = { device, dtype, contextTokens: 630, generationTokens: 10, ...threads };
  const estimate = estimateMemory(description.config, options);
  expect(estimate.weightBytes / measured.weightBytes).toBeCloseTo(1, 2);
  expect(estimate.kvCacheBytes).toBe(measured.kvCacheBytes);
  const total = measured.weightBytes + measured.kvCacheBytes + measured.workspaceBytes;
  expect(Math.abs(estimate.totalBytes / total - 1)).toBeLessThan(0.02);
  await llm.dispose();
});

const marian = parseEncoderDecoderConfig(
  'config.json',
  JSON.stringify({
    ...{ model_type: 'marian', vocab_size: 3001, d_model: 96, encoder_layers: 2, decoder_layers: 3 },
    ...{ encoder_attention_heads: 6, decoder_attention_heads: 6, encoder_ffn_dim: 384, decoder_ffn_dim: 384 },
    ...{ max_position_embeddings: 400, decoder_start_token_id: 3000, pad_token_id: 3000, eos_token_id: 0 },
  }),
);
const t5 = parseEncoderDecoderConfig(
  'config.json',
  JSON.stringify({
    ...{ model_type: 't5', vocab_size: 3001, d_model: 96, d_kv: 24, d_ff: 200, num_layers: 3, num_heads: 4 },
    ...{ feed_forward_proj: 'gated-gelu', decoder_start_token_id: 0, tie_word_embeddings: false },
  }),
);

describe('with an encoder', () => {
  test('the formula counts sources and targets, and the cache whole blocks of each', () => {
    const options = { device: 'reference', contextTokens: 17, generationTokens: 33, batch: 2 } as const;
    const { formula, kvCacheBytes, sourceCacheBytes } = estimateMemory(marian.config, options);
    expect(formula).toMatchObject({ numLayers: 3, batch: 2, kvHeads: 6, headSize: 16, tokens: 50 });
    expect(formula.bytes).toBe(2 * 3 * 2 * 6 * 16 * 50 * 4);
    expect(kvCacheBytes).toBe((formula.bytes / 50) * (32 + 48));
    expect(sourceCacheBytes).toBe((formula.bytes / 50) * 32);
  });

  test('lengths are those of the model unless given, but not those of a book', () => {
    expect(estimateMemory(marian.config).formula.tokens).toBe(400 + 400);
    expect(estimateMemory(t5.config).formula.tokens).toBe(1024 + 512);
  });

  test('impossible counts are refused', () => {
    const refused = (options: object) => expect(() => estimateMemory(marian.config, options));
    refused({ contextTokens: 401 }).toThrow('401 tokens of a source, but the model takes at most 400');
    refused({ generationTokens: 401 }).toThrow('401 tokens of a target, but the model takes at most 400');
    refused({ generationTokens: 0 }).toThrow('generationTokens is 0, wanted a whole number of at least 1');
  });

  const works = [
    { family: 'Marian', description: marian, contextTokens: 300, batch: 2 },
    { family: 'Marian', description: marian, contextTokens: 60, batch: 6 },
    { family: 'T5', description: t5, contextTokens: 300, batch: 2 },
  ];
  // The reference backend takes its time.
  const few = loads.filter(([dtype, name]) => name !== 'reference' || dtype === 'float32');
  const cases = few.flatMap(([dtype, name]) => works.map((work) => ({ ...work, dtype, name })));

  test.each(cases)('the estimate agrees with what a loaded $family of $dtype takes on $name', async (work) => {
    const { description, contextTokens, batch, dtype, name } = work;
    const device = DEVICES.find((known) => name.startsWith(known))!;
    const threads = device === 'wasm' ? { threads: 2 } : {};
    const generationTokens = 20;
    const blocks = (tokens: number) => Math.ceil(tokens / CACHE_BLOCK_SIZE);
    const cacheTokens = CACHE_BLOCK_SIZE * batch * (blocks(contextTokens) + blocks(generationTokens));
    const load = { device, dtype, contextLength: generationTokens, cacheTokens, ...threads } as LoadOptions;
    const llm = await LLM.random(description, load);
    const sources = Array.from({ length: batch }, (_, i) =>
      Array.from({ length: contextTokens }, (_, j) => (i * 31 + j) % 3000),
    );
    await llm.transduce(sources, { maxNewTokens: generationTokens - 1, ignoreEos: true, temperature: 0 });
    const measured = llm.memory();
    const options = { device, dtype, contextTokens, generationTokens, batch, ...threads };
    const estimate = estimateMemory(description.config, options);
    expect(estimate.weightBytes / measured.weightBytes).toBeCloseTo(1, 2);
    expect(estimate.kvCacheBytes).toBe(measured.kvCacheBytes);
    const total = measured.weightBytes + measured.kvCacheBytes + measured.workspaceBytes;
    expect(Math.abs(estimate.totalBytes / total - 1), `${estimate.totalBytes} for ${total}`).toBeLessThan(0.02);
    await llm.dispose();
  });
});

test.each(
  (['gptq', 'awq'] as const).flatMap((method) =>
    (['auto', 'bfloat16', 'int8'] as const).map((dtype) => [method, dtype] as const),
  ),
)('the estimate of a folder of %s agrees with what it takes when it is loaded as %s', async (method, dtype) => {
  const changes = { vocab_size: 700, hidden_size: 128, num_hidden_layers: 3, intermediate_size: 320 };
  const { config, weights } = await quantizedLlama(method, { ...changes, max_position_embeddings: 256 });
  const folder = files.path(method);
  await mkdir(folder);
  await files.write(`${method}/config.json`, config);
  await files.write(`${method}/model.safetensors`, weights);
  const formats = await readMatrixFormats(folder, { dtype });
  const codes = { auto: 'int4', bfloat16: 'bfloat16', int8: 'int8' }[dtype];
  expect(matrixDType(formats.get('layers.0.mlp.down.weight')!)).toBe(codes);
  const { config: described } = await describeModel(folder);
  for (const device of DEVICES) {
    const threads = device === 'wasm' ? { threads: 2 } : {};
    const llm = await LLM.load(folder, { device, dtype, cacheTokens: 256, ...threads } as LoadOptions);
    await llm.generate(
      Array.from({ length: 250 }, (_, i) => i),
      { maxNewTokens: 6, ignoreEos: true },
    );
    const measured = llm.memory();
    const work = { contextTokens: 250, generationTokens: 6 };
    const estimate = estimateMemory(described, { device, formats, ...work, ...threads });
    expect(estimate.weightBytes).toBe(measured.weightBytes);
    const total = measured.weightBytes + measured.kvCacheBytes + measured.workspaceBytes;
    expect(Math.abs(estimate.totalBytes / total - 1)).toBeLessThan(0.02);
    await llm.dispose();
  }
});
