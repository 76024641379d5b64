import { expect, test } from 'vitest';
import { pairsBatch } from '../../test/pairs-batch.ts';
import { createBackend, memoryLayout } from '../create-backend.ts';
import { createTokenDataset } from '../data/memory-dataset.ts';
import { windowBatches } from '../data/window-batches.ts';
import type { LanguageModel } from '../models/language-model.ts';
import { loadEncoderDecoderFrom, parseEncoderDecoderConfig } from '../models/load-encoder-decoder.ts';
import { loadModelFrom, parseModelConfig } from '../models/load-model.ts';
import type { ModelDescription } from '../models/model-description.ts';
import { modelPreset } from '../models/presets.ts';
import { createEncoderDecoderTarget } from './encoder-decoder-target.ts';
import { initialEncoderDecoderWeights, initialWeights } from './initial-weights.ts';
import { createLora } from './lora.ts';
import { createLoraTarget } from './lora-target.ts';
import { type MeasuredLora, type MeasuredTrainingWork, measureTraining } from './measure-training.ts';
import { train } from './train.ts';
import type { TrainingTarget } from './training-target.ts';

const preset = modelPreset('gpt2');
const sizes = { vocabSize: 311, hiddenSize: 48, numLayers: 3, intermediateSize: 192, maxPositions: 40 };
const heads = { numHeads: 3, numKvHeads: 3, headSize: 16, attentionScale: 1 / 4 };
const gpt2 = { ...preset, config: { ...preset.config, ...sizes, ...heads } };
const llama = parseModelConfig(
  'config.json',
  JSON.stringify({
    ...{ model_type: 'llama', vocab_size: 311, hidden_size: 48, num_hidden_layers: 3, intermediate_size: 100 },
    ...{ num_attention_heads: 6, num_key_value_heads: 2, max_position_embeddings: 40 },
  }),
);

const WORK: MeasuredTrainingWork = {
  dtype: 'float32',
  batchSize: 7,
  contextLength: 33,
  optimizer: 'adamw',
  hasDropout: false,
  recompute: false,
  isTrained: () => true,
};

const CASES: readonly [string, ModelDescription, Partial<MeasuredTrainingWork>][] = [
  ['GPT-2', gpt2, {}],
  ['GPT-2, recomputed, with dropout', gpt2, { recompute: true, hasDropout: true }],
  ['GPT-2, SGD, bfloat16', gpt2, { optimizer: 'sgd', dtype: 'bfloat16' }],
  ['GPT-2, the last layer alone', gpt2, { isTrained: (path) => path.startsWith('layers.2') }],
  ['Llama', llama, {}],
  ['Llama, an adapter', llama, { lora: { rank: 4, targets: 'all-linear', hasDropout: false } }],
  [
    'GPT-2, an adapter of the attention with dropout',
    gpt2,
    { lora: { rank: 8, targets: ['c_attn'], hasDropout: true } },
  ],
];

const marian = parseEncoderDecoderConfig(
  'config.json',
  JSON.stringify({
    ...{ model_type: 'marian', vocab_size: 311, d_model: 48, encoder_layers: 2, decoder_layers: 3 },
    ...{ encoder_attention_heads: 3, decoder_attention_heads: 3, encoder_ffn_dim: 192, decoder_ffn_dim: 192 },
    ...{ max_position_embeddings: 40, decoder_start_token_id: 310, pad_token_id: 310, eos_token_id: 0 },
  }),
);

test.each([
  ['whole', {}],
  ['recomputed, with dropout', { recompute: true, hasDropout: true }],
  ['an adapter with dropout', { lora: { rank: 4, targets: 'all-linear', hasDropout: true } }],
] as [string, Partial<MeasuredTrainingWork>][])(
  'the estimate agrees with what a training of an encoder-decoder model takes: %s',
  async (_, changes) => {
    const work = { ...WORK, contextLength: 66, ...changes };
    const { recompute, hasDropout, batchSize, lora } = work;
    for (const threads of [1, 2]) {
      const backend = await createBackend({ device: 'wasm', threads });
      const model = await loadEncoderDecoderFrom(backend, marian, initialEncoderDecoderWeights(marian, 1));
      const target = lora ? await adapterTarget(model, lora) : await createEncoderDecoderTarget(model);
      const tokens = (length: number) => Array.from({ length }, (_, i) => i % 311);
      const pair = { sourceIds: tokens(33), targetIds: tokens(34) };
      const batch = pairsBatch(new Array(batchSize).fill(pair));
      await train({
        ...{ model: target, maxSteps: 2, learningRate: 1e-3, recompute, gradientAccumulation: 2 },
        data: { batch: async () => batch, identity: 'one batch' },
        dropout: hasDropout ? 0.1 : 0,
      });
      const { peakBytes } = backend.memoryUsage();
      const { totalBytes } = measureTraining(marian, memoryLayout('wasm', threads), work);
      expect(Math.abs(totalBytes / peakBytes - 1), `${totalBytes} for ${peakBytes}`).toBeLessThan(0.01);
      await backend.dispose();
    }
  },
);

test.each(CASES)('the estimate agrees with what a training takes: %s', async (_, description, changes) => {
  const work = { ...WORK, ...changes };
  for (const threads of [1, 2]) {
    const backend = await createBackend({ device: 'wasm', threads });
    const model = await loadModelFrom(backend, description, initialWeights(description, 1), { dtype: work.dtype });
    const tokenIds = Array.from({ length: 400 }, (_, i) => i % 311);
    const dataset = await createTokenDataset({ vocabSize: 311, documents: [{ tokenIds }] });
    const data = windowBatches(dataset, { contextLength: work.contextLength, batchSize: work.batchSize, seed: 1 });
    const { isTrained, recompute, hasDropout, lora } = work;
    await train({
      ...(lora === undefined ? { model, isTrained } : { model: await adapterTarget(model, lora) }),
      ...{ data, maxSteps: 2, learningRate: 1e-3, recompute, gradientAccumulation: 2 },
      optimizer: { kind: work.optimizer },
      dropout: hasDropout ? 0.1 : 0,
    });
    const { peakBytes } = backend.memoryUsage();
    const measured = measureTraining(description, memoryLayout('wasm', threads), work);
    expect(Math.abs(measured.totalBytes / peakBytes - 1), `${measured.totalBytes} for ${peakBytes}`).toBeLessThan(0.01);
    await backend.dispose();
  }
});

async function adapterTarget(
  model: LanguageModel,
  { rank, targets, hasDropout }: MeasuredLora,
): Promise<TrainingTarget> {
  const adapter = await createLora(model, { rank, targets, dropout: hasDropout ? 0.1 : 0 });
  return createLoraTarget(model, adapter);
}
