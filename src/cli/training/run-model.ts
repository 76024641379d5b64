import { platform } from '#platform';
import type { LoraAdapter } from '../../adapters/lora-adapter.ts';
import type { Backend } from '../../backend/backend.ts';
import type { CausalLM } from '../../models/causal-lm.ts';
import { loadModel, loadModelFrom, parseModelConfig } from '../../models/load-model.ts';
import type { LoadParametersOptions } from '../../models/load-parameters.ts';
import type { ModelDescription } from '../../models/model-description.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { initialWeights } from '../../training/initial-weights.ts';
import { createLora } from '../../training/lora.ts';
import { createLoraTarget } from '../../training/lora-target.ts';
import type { TrainingTarget } from '../../training/training-target.ts';
import { isLora, type RunSettings } from './complete-settings.ts';
import { targetsOf } from './lora-targets.ts';

/** A new model, as the settings describe it, with weights drawn from the seed. */
export async function createNewModel(backend: Backend, settings: RunSettings, tokenizer: Tokenizer): Promise<CausalLM> {
  const description = await describeNewModel(settings, tokenizer);
  return loadModelFrom(backend, description, initialWeights(description, settings.seed));
}

/**
 * The model that settings describe: the config.json that they name, or one of their sizes, for as many tokens as the tokenizer
 * has. Throws a `RangeError` for sizes that do not go together, and for a config.json of another vocabulary or of a shorter
 * context.
 */
async function describeNewModel(settings: RunSettings, tokenizer: Tokenizer): Promise<ModelDescription> {
  const { modelConfig, contextLength = 0 } = settings;
  const tokens = {
    vocab_size: tokenizer.vocabSize,
    bos_token_id: tokenizer.bosTokenId,
    eos_token_id: tokenizer.eosTokenId,
  };
  if (modelConfig === undefined)
    return parseModelConfig('the sizes of the model', JSON.stringify({ ...configJson(settings), ...tokens }));
  const text = await platform.readText(modelConfig);
  if (text === undefined) throw new Error(`Cannot read ${modelConfig}: there is no such file`);
  const description = parseModelConfig(modelConfig, text);
  const { vocabSize, maxPositions } = description.config;
  if (vocabSize < tokenizer.vocabSize)
    throw new RangeError(
      `Cannot train ${modelConfig}: its vocab_size is ${vocabSize}, but the tokenizer has ${tokenizer.vocabSize} tokens`,
    );
  if (maxPositions < contextLength)
    throw new RangeError(
      `Cannot train ${modelConfig}: it takes ${maxPositions} tokens, but contextLength is ${contextLength}`,
    );
  return description;
}

/** Hugging Face's names of the sizes. */
function configJson(settings: RunSettings): Readonly<Record<string, unknown>> {
  const { architecture, numLayers, numHeads, hiddenSize, activation, contextLength } = settings;
  const { numKvHeads = numHeads } = settings;
  if (architecture === 'gpt2') {
    if (numKvHeads !== numHeads)
      throw new RangeError(
        `Cannot train: numKvHeads is ${numKvHeads}, but in gpt2 it is that of numHeads, ${numHeads}`,
      );
    return {
      ...{
        model_type: architecture,
        n_layer: numLayers,
        n_head: numHeads,
        n_embd: hiddenSize,
        n_positions: contextLength,
      },
      ...(settings.intermediateSize && { n_inner: settings.intermediateSize }),
      ...(activation && { activation_function: activation }),
    };
  }
  return {
    ...{ model_type: architecture, num_hidden_layers: numLayers, num_attention_heads: numHeads },
    ...{ num_key_value_heads: numKvHeads, hidden_size: hiddenSize, head_dim: hiddenSize! / numHeads! },
    intermediate_size: settings.intermediateSize ?? gatedSize(hiddenSize!),
    ...{ max_position_embeddings: contextLength, tie_word_embeddings: true, hidden_act: activation ?? 'silu' },
  };
}

/** 8/3 of the channels, so that three matrices are as large as two of 4 (Shazeer 2020), in whole eights. */
function gatedSize(hiddenSize: number): number {
  return 8 * Math.ceil(hiddenSize / 3);
}

/** The model of a folder, to go on from. */
export function loadBaseModel(
  backend: Backend,
  folder: string,
  { dtype }: RunSettings,
  options: LoadParametersOptions,
): Promise<CausalLM> {
  return loadModel(backend, folder, { ...options, dtype });
}

/** An adapter that is trained, and the training of it. */
export interface RunAdapter {
  readonly adapter: LoraAdapter;
  readonly target: TrainingTarget;
}

/** The new adapter that the settings describe, of the model of a folder; undefined if they have none. */
export async function createRunAdapter(
  model: CausalLM,
  baseFolder: string,
  settings: RunSettings,
): Promise<RunAdapter | undefined> {
  if (!isLora(settings)) return undefined;
  const { loraRank: rank, loraAlpha: alpha, loraDropout: dropout, loraTargets, model: baseModel, seed } = settings;
  const adapter = await createLora(model, {
    rank,
    alpha,
    dropout,
    targets: loraTargets && targetsOf(loraTargets),
    seed,
    baseModel,
  });
  return { adapter, target: await createLoraTarget(model, adapter, { baseFolder }) };
}
