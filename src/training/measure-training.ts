import type { AdapterTargets } from '../adapters/adapter-config.ts';
import { adapterTensors } from '../adapters/adapter-tensors.ts';
import { LoraAdapter } from '../adapters/lora-adapter.ts';
import { targetedLayers } from '../adapters/targeted-layers.ts';
import type { WeightDType } from '../backend/dtype.ts';
import type { MemoryLayout } from '../backend/memory-layout.ts';
import { MeasuringBackend } from '../backends/measuring/measuring-backend.ts';
import type { SourceTokens, TrainingBatch } from '../data/training-batch.ts';
import { buildDecoderOnly } from '../models/build-decoder-only.ts';
import { buildEncoderDecoder } from '../models/build-encoder-decoder.ts';
import { hasEncoder, type LanguageModelDescription, languageModelParameters } from '../models/language-model.ts';
import { countWeights } from '../models/measure-model.ts';
import { Parameters } from '../models/parameters.ts';
import { Weight } from '../tensor/weight.ts';
import { createOptimizer } from './create-optimizer.ts';
import { sumsOfSquares } from './gradient-norm.ts';
import type { OptimizerSettings } from './optimizer.ts';
import { stepDropout } from './step-dropout.ts';
import { pairLosses, tokenLosses } from './token-losses.ts';
import { TrainedParameters } from './trained-parameters.ts';
import { addGradients } from './training-step.ts';
import type { TrainingTarget } from './training-target.ts';

/** The training to measure. */
export interface MeasuredTrainingWork {
  /** Width of the matrices that the model computes with. */
  readonly dtype: WeightDType;
  /**
   * Sequences of a batch, and tokens of each; with an encoder half of them are the source's, the others the target's. Several
   * batches a step take no more than one.
   */
  readonly batchSize: number;
  readonly contextLength: number;
  readonly optimizer: OptimizerSettings['kind'];
  readonly hasDropout: boolean;
  readonly recompute: boolean;
  /** Which parameters are trained, by path; with `lora`, those of the adapter alone are. */
  readonly isTrained: (path: string) => boolean;
  /** An adapter that is trained, while the model stays as it is. */
  readonly lora?: MeasuredLora | undefined;
}

/** What shows in bytes of a LoRA adapter. */
export interface MeasuredLora {
  readonly rank: number;
  readonly targets: AdapterTargets;
  readonly hasDropout: boolean;
}

/** What a training takes on a device, in bytes. */
export interface MeasuredTraining {
  /** What the model computes with, an adapter included. */
  readonly weightBytes: number;
  /** The float32 values of trained matrices beside them. */
  readonly trainedBytes: number;
  readonly gradientBytes: number;
  readonly optimizerBytes: number;
  /** The most that activations, their gradients and scratch take at once. */
  readonly workspaceBytes: number;
  readonly totalBytes: number;
}

/**
 * What a training takes on a device of the given layout, found by running one step on a backend that only counts. Nothing of the
 * model's size is allocated.
 */
export function measureTraining(
  description: LanguageModelDescription,
  layout: MemoryLayout,
  work: MeasuredTrainingWork,
): MeasuredTraining {
  const backend = new MeasuringBackend(layout);
  const allocated = () => backend.memoryUsage().allocatedBytes - layout.fixedBytes;
  const { config } = description;
  const parameters = countWeights(backend, languageModelParameters(config), work);
  const adapter = work.lora && countAdapter(description, parameters, work.lora);
  const weightBytes = allocated();
  const trained = adapter
    ? TrainedParameters.allocate(adapter.parameters)
    : TrainedParameters.allocate(parameters, work.isTrained);
  const gradientBytes = trained.list.reduce((sum, { gradient }) => sum + layout.bufferBytes(gradient.buffer.length), 0);
  const trainedBytes = allocated() - weightBytes - gradientBytes;
  const optimizer = createOptimizer(trained, SETTINGS[work.optimizer]);
  const optimizerBytes = allocated() - weightBytes - gradientBytes - trainedBytes;

  const target = { backend, losses: lossesOf(description, parameters) };
  const dropout = dropoutIf(work.hasDropout);
  const adapted = adapter && { adapter, dropout: dropoutIf(work.lora!.hasDropout) };
  const options = { smoothing: 0, zLoss: 0, dropout, recompute: work.recompute, adapter: adapted };
  addGradients(target, largestBatch(description, work), { ...options, weight: 1, use: () => {} });
  backend.scope(() => sumsOfSquares(trained));
  optimizer.step({ learningRate: 1, gradientScale: 1, step: 1 });
  trained.apply();

  const totalBytes = backend.memoryUsage().peakBytes;
  const workspaceBytes = totalBytes - weightBytes - trainedBytes - gradientBytes - optimizerBytes;
  return { weightBytes, trainedBytes, gradientBytes, optimizerBytes, workspaceBytes, totalBytes };
}

/** The losses of a model that is counted. */
function lossesOf({ config }: LanguageModelDescription, parameters: Parameters): TrainingTarget['losses'] {
  const { backend } = parameters;
  return hasEncoder(config)
    ? pairLosses.bind(undefined, buildEncoderDecoder(config, parameters), backend)
    : tokenLosses.bind(undefined, buildDecoderOnly(backend, config, parameters), backend);
}

/** An adapter that is counted and holds nothing. */
function countAdapter(
  description: LanguageModelDescription,
  parameters: Parameters,
  { rank, targets, hasDropout }: MeasuredLora,
): LoraAdapter {
  const { backend } = parameters;
  const layers = targetedLayers(description, targets, 'measure a training');
  const matrices = adapterTensors(layers, rank).map(
    ({ path, shape }) => [path, new Weight(backend, backend.allocateMatrix('float32', ...shape))] as const,
  );
  const config = {
    rank,
    targets,
    alpha: rank,
    dropout: hasDropout ? 0.5 : 0,
    isRankStabilized: false,
    task: undefined,
    baseModel: undefined,
  };
  return new LoraAdapter({ parameters }, config, layers, new Parameters(backend, new Map(matrices)));
}

function dropoutIf(hasDropout: boolean) {
  return stepDropout(hasDropout ? 0.5 : 0, { seed: 0, step: 0, batch: 0 });
}

/** What they are set to shows in no byte. */
const SETTINGS = {
  adamw: { kind: 'adamw', beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0 },
  sgd: { kind: 'sgd', momentum: 0.9, weightDecay: 0 },
} as const satisfies Record<OptimizerSettings['kind'], OptimizerSettings>;

function largestBatch({ config }: LanguageModelDescription, work: MeasuredTrainingWork): TrainingBatch {
  const { batchSize, contextLength } = work;
  if (!hasEncoder(config)) return { ...rowsOf(batchSize, contextLength), ...nothingOf(batchSize * contextLength) };
  const sourceLength = Math.max(1, Math.floor(contextLength / 2));
  const targetLength = Math.max(1, contextLength - sourceLength);
  return {
    ...rowsOf(batchSize, targetLength),
    ...nothingOf(batchSize * targetLength),
    source: rowsOf(batchSize, sourceLength),
  };
}

function rowsOf(batchSize: number, length: number): SourceTokens {
  const numTokens = batchSize * length;
  return {
    tokenIds: new Int32Array(numTokens),
    positions: Int32Array.from({ length: numTokens }, (_, t) => t % length),
    spans: Array.from({ length: batchSize }, (_, i) => ({ start: i * length, length })),
  };
}

/** What is to be predicted shows in no byte. */
function nothingOf(numTokens: number): Pick<TrainingBatch, 'targetIds' | 'lossWeights'> {
  return { targetIds: new Int32Array(numTokens), lossWeights: new Float32Array(numTokens).fill(1) };
}
