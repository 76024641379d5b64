import { platform } from '#platform';
import type { Backend } from '../backend/backend.ts';
import { didYouMean } from '../base/suggest.ts';
import type { EncoderDecoderConfig } from '../config/encoder-decoder-config.ts';
import { JsonFields } from '../config/json-fields.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { isGgufModel } from '../formats/gguf/open-gguf.ts';
import type { WeightSource } from '../formats/weight-source.ts';
import { CausalLM } from './causal-lm.ts';
import { decoderOnlyParameters } from './decoder-only-parameters.ts';
import { EncoderDecoderLM } from './encoder-decoder-lm.ts';
import { encoderDecoderParameters } from './encoder-decoder-parameters.ts';
import { ENCODER_DECODER_TYPES } from './encoder-decoder-registry.ts';
import {
  type EncoderDecoderDescription,
  loadEncoderDecoderFrom,
  parseEncoderDecoderConfig,
} from './load-encoder-decoder.ts';
import { describeModel, loadModelFrom, parseModelConfig } from './load-model.ts';
import type { LoadParametersOptions } from './load-parameters.ts';
import type { ModelDescription } from './model-description.ts';
import { openStoredWeights } from './open-model-weights.ts';
import type { ParameterSpec } from './parameter-spec.ts';
import { MODEL_TYPES } from './registry.ts';

/** A model that continues texts, or one that makes texts of texts. */
export type LanguageModel = CausalLM | EncoderDecoderLM;

/** The configuration of either, and how its checkpoint names the weights. */
export type LanguageModelDescription = ModelDescription | EncoderDecoderDescription;

/** Whether a description is that of a model with an encoder. */
export function isEncoderDecoder(description: LanguageModelDescription): description is EncoderDecoderDescription {
  return hasEncoder(description.config);
}

/** Whether a configuration is that of a model with an encoder. */
export function hasEncoder(config: ModelConfig | EncoderDecoderConfig): config is EncoderDecoderConfig {
  return 'encoder' in config;
}

/** Every parameter of a model of either kind. */
export function languageModelParameters(config: ModelConfig | EncoderDecoderConfig): readonly ParameterSpec[] {
  return hasEncoder(config) ? encoderDecoderParameters(config) : decoderOnlyParameters(config);
}

/** The model, if it is one without an encoder; a `TypeError` otherwise. */
export function expectCausal(model: LanguageModel, action: string): CausalLM {
  if (model instanceof CausalLM) return model;
  throw new TypeError(`Cannot ${action}: the model has an encoder, wanted a decoder-only one`);
}

/** The model, if it has an encoder; a `TypeError` otherwise. */
export function expectEncoder(model: LanguageModel, action: string): EncoderDecoderLM {
  if (model instanceof EncoderDecoderLM) return model;
  throw new TypeError(`Cannot ${action}: the model has no encoder that reads a source`);
}

/** Reads config.json of a model folder of either kind, or a `.gguf` file. Throws as `describeModel` does. */
export async function describeLanguageModel(folder: string): Promise<LanguageModelDescription> {
  if (await isGgufModel(folder)) return describeModel(folder);
  const location = platform.join(folder, 'config.json');
  const text = await platform.readText(location);
  if (text === undefined) throw new Error(`Cannot load the model in ${folder}: it has no config.json`);
  const modelType = JsonFields.parse(location, text).string('model_type');
  if (ENCODER_DECODER_TYPES.includes(modelType)) return parseEncoderDecoderConfig(location, text);
  if (MODEL_TYPES.includes(modelType)) return parseModelConfig(location, text);
  const known = [...MODEL_TYPES, ...ENCODER_DECODER_TYPES];
  throw new RangeError(
    `Cannot load a model of type ${JSON.stringify(modelType)} (${location})${didYouMean(modelType, known)}; known: ${known.join(', ')}`,
  );
}

/** Loads a model of either kind from a folder or a GGUF file onto a device. Throws as `loadModel` does. */
export async function loadLanguageModel(
  backend: Backend,
  folder: string,
  options: LoadParametersOptions = {},
): Promise<LanguageModel> {
  options.signal?.throwIfAborted();
  const description = await describeLanguageModel(folder);
  const source = await openStoredWeights(folder, { signal: options.signal });
  try {
    return await loadLanguageModelFrom(backend, description, source, options);
  } finally {
    await source.close();
  }
}

/** Loads a model of a given description from any source of weights, which stays open. */
export function loadLanguageModelFrom(
  backend: Backend,
  description: LanguageModelDescription,
  source: WeightSource,
  options: LoadParametersOptions = {},
): Promise<LanguageModel> {
  return isEncoderDecoder(description)
    ? loadEncoderDecoderFrom(backend, description, source, options)
    : loadModelFrom(backend, description, source, options);
}
