import type { Backend } from '../src/backend/backend.ts';
import { uniform } from '../src/base/random.ts';
import { documentBatches } from '../src/data/document-batches.ts';
import { createTokenDataset } from '../src/data/memory-dataset.ts';
import { mixBatches } from '../src/data/mix-batches.ts';
import { windowBatches } from '../src/data/window-batches.ts';
import type { CausalLM } from '../src/models/causal-lm.ts';
import { loadModelFrom } from '../src/models/load-model.ts';
import type { ModelDescription } from '../src/models/model-description.ts';
import { modelPreset } from '../src/models/presets.ts';
import { initialWeights } from '../src/training/initial-weights.ts';
import type { TrainingData } from '../src/training/training-data.ts';

const VOCAB_SIZE = 20;

/** A GPT-2 of two layers that trains in milliseconds. */
export function tinyDescription(): ModelDescription {
  const preset = modelPreset('gpt2');
  const sizes = { vocabSize: VOCAB_SIZE, hiddenSize: 16, numLayers: 2, intermediateSize: 64, maxPositions: 16 };
  const heads = { numHeads: 2, numKvHeads: 2, headSize: 8, attentionScale: 1 / Math.sqrt(8) };
  const config = { ...preset.config, ...sizes, ...heads, bosTokenId: undefined, eosTokenIds: [] };
  return { ...preset, config };
}

export function tinyModel(backend: Backend, seed = 1): Promise<CausalLM> {
  const description = tinyDescription();
  return loadModelFrom(backend, description, initialWeights(description, seed));
}

/** Documents that count up in steps of 1 to 3, from anywhere: easy to learn. */
export function tinyDataset(numDocuments = 40, seed = 0) {
  const documents = Array.from({ length: numDocuments }, (_, i) => {
    const draw = (below: number, lane: number) => Math.floor(uniform(seed, i, lane) * below);
    const [first, step, length] = [draw(VOCAB_SIZE, 0), 1 + draw(3, 1), 5 + draw(6, 2)];
    return { tokenIds: Array.from({ length }, (_, j) => (first + j * step) % VOCAB_SIZE) };
  });
  return createTokenDataset({ vocabSize: VOCAB_SIZE, documents });
}

export type TinyDataKind = 'windows' | 'documents' | 'mixture';

/** The same batches each time for one kind. */
export async function tinyData(kind: TinyDataKind = 'windows', seed = 3): Promise<TrainingData> {
  const dataset = await tinyDataset();
  if (kind === 'windows') return windowBatches(dataset, { contextLength: 8, batchSize: 3, seed });
  const documents = await documentBatches(dataset, { contextLength: 12, batchSize: 2, seed });
  if (kind === 'documents') return documents;
  const others = await documentBatches(await tinyDataset(10, 7), { contextLength: 7, batchSize: 3, seed });
  return mixBatches(
    [
      { loader: documents, weight: 2 },
      { loader: others, weight: 1 },
    ],
    { seed },
  );
}

/** Data in stored order, to evaluate on. */
export async function tinyEvaluationData(): Promise<TrainingData> {
  return documentBatches(await tinyDataset(12, 99), { contextLength: 12, batchSize: 4, order: 'stored' });
}

/** The values of all parameters, as the model computes with them. */
export async function weightsOf(model: CausalLM): Promise<ReadonlyMap<string, Float32Array>> {
  const weights = new Map<string, Float32Array>();
  for (const [path, parameter] of model.parameters.entries)
    weights.set(path, Float32Array.from((await parameter.read()) as Float32Array));
  return weights;
}
