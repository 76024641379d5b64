import { platform } from '#platform';
import type { Backend } from '../backend/backend.ts';
import { JsonFields } from '../config/json-fields.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { openWeights } from '../formats/open-weights.ts';
import type { WeightSource } from '../formats/weight-source.ts';
import { buildDecoderOnly } from './build-decoder-only.ts';
import { CausalLM } from './causal-lm.ts';
import { decoderOnlyParameters } from './decoder-only-parameters.ts';
import { type LoadParametersOptions, loadParameters } from './load-parameters.ts';
import type { Naming } from './parameter-spec.ts';
import { findArchitecture } from './registry.ts';

/** A model's configuration, and how its checkpoint names the weights. */
export interface ModelDescription {
  readonly config: ModelConfig;
  readonly naming: Naming;
}

/**
 * Reads config.json of a model folder. Throws an `Error` if it is missing, a `SyntaxError` if it is no JSON, and a
 * `RangeError` for an unknown `model_type` (it lists the known ones) or a setting that cannot be.
 *
 * @example
 * const { config } = await describeModel('path/to/folder');
 * console.log(config.numLayers, config.maxPositions);
 */
export async function describeModel(folder: string): Promise<ModelDescription> {
  const location = platform.join(folder, 'config.json');
  const text = await platform.readText(location);
  if (text === undefined) throw new Error(`Cannot load the model in ${folder}: it has no config.json`);
  return parseModelConfig(location, text);
}

/**
 * Parses the text of a config.json; `location` is what errors call it. Throws as `describeModel` does.
 *
 * @example
 * parseModelConfig('config.json', '{ "model_type": "gpt2" }').config.hiddenSize; // 768
 */
export function parseModelConfig(location: string, text: string): ModelDescription {
  const fields = JsonFields.parse(location, text);
  const architecture = findArchitecture(fields);
  const config = architecture.parseConfig(fields);
  return { config, naming: architecture.naming(config) };
}

/**
 * Loads a decoder-only model from a Hugging Face folder onto a device; `LLM.load` adds tokenizer and generation. Throws
 * as `describeModel` and `openWeights` do, an `Error` that lists all missing, misshapen and unexpected tensors, a
 * `RangeError` when memory is exhausted, and the signal's reason; nothing stays on the device then.
 *
 * @example
 * const backend = await createBackend();
 * const model = await loadModel(backend, 'path/to/folder');
 * const { logits } = await model.forward({ inputIds: [1, 403, 407] });
 */
export async function loadModel(
  backend: Backend,
  folder: string,
  options: LoadParametersOptions = {},
): Promise<CausalLM> {
  options.signal?.throwIfAborted();
  const description = await describeModel(folder);
  const source = await openWeights(folder, { signal: options.signal });
  try {
    return await loadModelFrom(backend, description, source, options);
  } finally {
    await source.close();
  }
}

/**
 * Loads a decoder-only model of a given description from any source of weights, which stays open. Throws as
 * `loadModel`.
 *
 * @example
 * const description = modelPreset('gpt2');
 * const model = await loadModelFrom(backend, description, randomWeights(description, 0));
 */
export async function loadModelFrom(
  backend: Backend,
  { config, naming }: ModelDescription,
  source: WeightSource,
  options: LoadParametersOptions = {},
): Promise<CausalLM> {
  const parameters = await loadParameters(backend, decoderOnlyParameters(config), naming, source, options);
  return new CausalLM(buildDecoderOnly(backend, config, parameters), parameters);
}
