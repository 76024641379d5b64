import fc from 'fast-check';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { onBackend } from '../../test/test-backends.ts';
import type { Backend } from '../backend/backend.ts';
import { createReferenceBackend } from '../backends/reference/reference-backend.ts';
import { encodeSafetensors } from '../formats/encode-safetensors.ts';
import { openSafetensors } from '../formats/safetensors.ts';
import type { StoredDType } from '../formats/stored-dtype.ts';
import { readTensor } from '../formats/weight-source.ts';
import { LLM } from '../llm/llm.ts';
import type { EncoderDecoderLM } from '../models/encoder-decoder-lm.ts';
import {
  loadEncoderDecoder,
  loadEncoderDecoderFrom,
  parseEncoderDecoderConfig,
} from '../models/load-encoder-decoder.ts';
import { randomWeights } from '../models/random-weights.ts';
import { saveEncoderDecoder } from '../models/save-encoder-decoder.ts';
import { QUANTIZATIONS, type QuantizationScheme } from '../quantized/quantization-scheme.ts';
import { dequantize } from '../quantized/quantized-matrix.ts';
import { quantizeToNearest } from '../quantized/round-to-nearest.ts';
import { quantizeModel } from './quantize-model.ts';
import type { QuantizeOptions } from './quantize-options.ts';
import { saveQuantizedModel } from './save-quantized-model.ts';

const files = temporaryFolder();
const INT4: QuantizationScheme = { ...QUANTIZATIONS.int4, scaleDType: 'float16' };
const INT8: QuantizationScheme = { ...QUANTIZATIONS.int8, scaleDType: 'float16' };

const BART = {
  ...{ model_type: 'bart', vocab_size: 64, d_model: 48, max_position_embeddings: 32, is_encoder_decoder: true },
  ...{ encoder_layers: 2, encoder_attention_heads: 4, encoder_ffn_dim: 80 },
  ...{ decoder_layers: 1, decoder_attention_heads: 2, decoder_ffn_dim: 40 },
};
/** Sizes that fill words, unlike those of the goldens: positions of every kind, one table or several, gated and plain. */
const CONFIGS = {
  bart: BART,
  'm2m-100': { ...BART, model_type: 'm2m_100', scale_embedding: true },
  marian: {
    ...{ ...BART, model_type: 'marian', vocab_size: 56, pad_token_id: 55, decoder_start_token_id: 55 },
    ...{ share_encoder_decoder_embeddings: false, decoder_vocab_size: 64 },
  },
  t5: { model_type: 't5', vocab_size: 64, d_model: 48, d_kv: 16, d_ff: 80, num_layers: 2, num_heads: 3 },
  'flan-t5': {
    ...{ model_type: 't5', vocab_size: 64, d_model: 48, d_kv: 12, d_ff: 40, num_layers: 1, num_heads: 4 },
    ...{ feed_forward_proj: 'gated-gelu', tie_word_embeddings: false },
  },
};
type Name = keyof typeof CONFIGS;

function load(backend: Backend, config: object): Promise<EncoderDecoderLM> {
  const description = parseEncoderDecoderConfig('config.json', JSON.stringify(config));
  return loadEncoderDecoderFrom(backend, description, randomWeights(description, 5), { dtype: 'float32' });
}

/** Of a target of three tokens, given a source. */
async function logitsOf(model: EncoderDecoderLM): Promise<Float32Array> {
  const cache = model.createCache(64);
  try {
    const source = cache.createSequence();
    model.encode(cache, [{ sequence: source, tokenIds: [5, 9, 31, 7, 2] }]);
    const sequence = cache.createSequence();
    return Float32Array.from(await model.step(cache, [{ sequence, source, tokenIds: [2, 14, 15] }], { logits: 'all' }));
  } finally {
    cache.dispose();
  }
}

test.each(
  (Object.keys(CONFIGS) as Name[]).flatMap((name) =>
    [
      { method: 'nearest' } as const,
      { method: 'search', scheme: { ...INT4, isSymmetric: false } } as const,
      {
        method: 'nearest',
        overrides: { tokenEmbedding: INT8, 'encoder.layers.0.mlp.*': INT4, 'decoder.layers.0.attention.*': 'keep' },
      } as const,
    ].map((options) => [name, options] as const),
  ),
)('%s quantised with %j and saved is loaded to the same bits', (name, options: Partial<QuantizeOptions>) =>
  onBackend(async (backend) => {
    const original = await load(backend, CONFIGS[name]);
    const model = await load(backend, CONFIGS[name]);
    const matrices = await quantizeModel(model, { scheme: INT8, method: 'nearest', ...options });
    expect([...matrices.keys()].some((path) => path.startsWith('decoder.layers.0.crossAttention.'))).toBe(true);
    const [folder, baseFolder] = [files.path('codes'), files.path('base')];
    await saveEncoderDecoder(original, baseFolder);
    await saveQuantizedModel(model, matrices, folder, { dtype: 'float32', baseFolder });
    const loaded = await loadEncoderDecoder(backend, folder);
    const originals = new Map(original.parameters.entries);
    for (const [path, parameter] of loaded.parameters.entries) {
      const values = (await originals.get(path)!.read()) as Float32Array;
      const matrix = matrices.get(path);
      expect(await parameter.read()).toEqual(matrix === undefined ? values : dequantize(matrix));
      if (matrix === undefined) continue;
      expect('format' in parameter && parameter.format).toEqual(matrix.scheme);
      // As a weight is rounded where it is loaded.
      if (options.method === 'nearest')
        expect(matrix).toEqual(quantizeToNearest(values, matrix.scheme, matrix.rows, matrix.columns));
    }
    const widened = await loadEncoderDecoder(backend, folder, { dtype: 'float32' });
    expect(await logitsOf(widened)).toEqual(await logitsOf(model));
    const [rounded, exact] = [await logitsOf(loaded), await logitsOf(original)];
    const scale = Math.max(...exact.map(Math.abs));
    for (const [i, logit] of rounded.entries()) expect(Math.abs(logit - exact[i]!)).toBeLessThan(0.3 * scale);
  }),
);

test('Sizes that fill words survive, whatever they are', async () => {
  const backend = createReferenceBackend();
  const fours = (most: number) => fc.integer({ min: 1, max: most }).map((count) => 4 * count);
  const layers = fc.integer({ min: 1, max: 2 });
  const arbitrary = fc.record({
    ...{ d_model: fours(18), encoder_ffn_dim: fours(20), decoder_ffn_dim: fours(20) },
    ...{ encoder_layers: layers, decoder_layers: layers, tie_word_embeddings: fc.boolean() },
    ...{ encoder_attention_heads: fc.constant(2), decoder_attention_heads: fc.constant(1) },
    model_type: fc.constantFrom('bart', 'mbart', 'm2m_100'),
  });
  let count = 0;
  await fc.assert(
    fc.asyncProperty(arbitrary, async (sizes) => {
      const model = await load(backend, { ...BART, ...sizes });
      const matrices = await quantizeModel(model, { scheme: INT8, method: 'nearest' });
      const folder = files.path(`sizes-${count++}`);
      await saveQuantizedModel(model, matrices, folder, { dtype: 'float32' });
      const loaded = await loadEncoderDecoder(backend, folder);
      const originals = new Map(model.parameters.entries);
      for (const [path, parameter] of loaded.parameters.entries)
        expect(await parameter.read()).toEqual(await originals.get(path)!.read());
      expect(loaded.config).toEqual(model.config);
    }),
    { numRuns: 25 },
  );
});

test('A folder of codes that lacks the bias of the logits is loaded with its codes, and serves', () =>
  onBackend(async (backend) => {
    const model = await load(backend, CONFIGS.marian);
    const matrices = await quantizeModel(model, { scheme: INT8, method: 'nearest' });
    const folder = files.path('codes');
    await saveQuantizedModel(model, matrices, folder);
    const location = files.path('codes/model.safetensors');
    const source = await openSafetensors(location);
    const kept = [...source.tensors.values()].filter(({ name }) => name !== 'final_logits_bias');
    expect(kept.length).toBe(source.tensors.size - 1);
    const tensors = await Promise.all(
      kept.map(async ({ name, dtype, shape }) => ({
        ...{ name, dtype: dtype as StoredDType, shape },
        data: await readTensor(source, name),
      })),
    );
    await source.close();
    await files.write('codes/model.safetensors', encodeSafetensors(tensors));
    await using llm = await LLM.load(folder, { threads: 1 });
    expect(llm.model.parameters.weight('encoder.layers.1.mlp.down.weight').dtype).toBe('int8');
    expect((await llm.transduce([5, 9, 31, 0], { maxNewTokens: 3 })).tokenIds).toHaveLength(3);
  }));

test.each<[Partial<QuantizeOptions>, string]>([
  [{ method: 'gptq', calibration: [[1, 2]] }, 'by gptq: the model has an encoder, wanted the method nearest or search'],
  [{ method: 'awq', calibration: [[1, 2]] }, 'by awq: the model has an encoder'],
  [{ overrides: { 'layers.0.*': INT4 } }, 'the pattern "layers.0.*" fits no matrix'],
])('%j is refused', (options, message) =>
  onBackend(async (backend) => {
    const model = await load(backend, BART);
    const asked = { scheme: INT4, method: 'nearest', ...options } as QuantizeOptions;
    await expect(quantizeModel(model, asked)).rejects.toThrow(message);
  }),
);

test('Sizes that fill no words are refused', () =>
  onBackend(async (backend) => {
    const model = await load(backend, { ...BART, encoder_ffn_dim: 42 });
    const matrices = await quantizeModel(model, { scheme: INT8, method: 'nearest' });
    await expect(saveQuantizedModel(model, matrices, files.path('no'))).rejects.toThrow(
      "Cannot write layer model.encoder.layers.0.fc1 in GPTQ's layout: it has 42 outputs, wanted a multiple of 4",
    );
  }));
