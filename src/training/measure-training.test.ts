import { expect, test } from 'vitest';
import { createBackend, memoryLayout } from '../create-backend.ts';
import { createTokenDataset } from '../data/memory-dataset.ts';
import { windowBatches } from '../data/window-batches.ts';
import type { CausalLM } from '../models/causal-lm.ts';
import { loadModelFrom, parseModelConfig } from '../models/load-model.ts';
import type { ModelDescription } from '../models/model-description.ts';
import { modelPreset } from '../models/presets.ts';
import { initialWeights } from './initial-weights.ts';
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

async function adapterTarget(model: CausalLM, { rank, targets, hasDropout }: MeasuredLora): Promise<TrainingTarget> {
  const adapter = await createLora(model, { rank, targets, dropout: hasDropout ? 0.1 : 0 });
  return createLoraTarget(model, adapter);
}
