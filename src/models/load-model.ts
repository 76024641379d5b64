import { platform } from '#platform';
import type { Backend } from '../backend/backend.ts';
import { JsonFields } from '../config/json-fields.ts';
import { isGgufModel } from '../formats/gguf/open-gguf.ts';
import type { WeightSource } from '../formats/weight-source.ts';
import { buildDecoderOnly } from './build-decoder-only.ts';
import { CausalLM } from './causal-lm.ts';
import { decoderOnlyParameters } from './decoder-only-parameters.ts';
import { describeGguf } from './gguf/describe-gguf.ts';
import { type LoadParametersOptions, loadParameters } from './load-parameters.ts';
import type { ModelDescription } from './model-description.ts';
import { openStoredWeights } from './open-model-weights.ts';
import { findArchitecture } from './registry.ts';

/**
 * Reads config.json of a model folder, or the metadata of a `.gguf` file. Throws an `Error` if it is missing, a `SyntaxError` if it is no JSON, and a
 * `RangeError` for an unknown `model_type` (it lists the known ones) or a setting that cannot be.
 *
 * @example
 * const { config } = await describeModel('path/to/folder');
 * console.log(config.numLayers, config.maxPositions);
 */
export async function describeModel(folder: string): Promise<ModelDescription> {
  if (await isGgufModel(folder)) return describeGguf(folder);
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
 * Loads a decoder-only model from a Hugging Face folder or a GGUF file onto a device; `LLM.load` adds tokenizer and generation. Throws
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
  const source = await openStoredWeights(folder, { signal: options.signal });
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
