import { platform } from '#platform';
import type { Backend } from '../backend/backend.ts';
import type { EncoderDecoderConfig } from '../config/encoder-decoder-config.ts';
import { JsonFields } from '../config/json-fields.ts';
import type { WeightSource } from '../formats/weight-source.ts';
import { buildEncoderDecoder } from './build-encoder-decoder.ts';
import { EncoderDecoderLM } from './encoder-decoder-lm.ts';
import { encoderDecoderParameters } from './encoder-decoder-parameters.ts';
import { encoderDecoderArchitectureOf } from './encoder-decoder-registry.ts';
import { type LoadParametersOptions, loadParameters } from './load-parameters.ts';
import { openStoredWeights } from './open-model-weights.ts';
import { orZeros } from './or-zeros.ts';
import { type Naming, storedName } from './parameter-spec.ts';

/** An encoder-decoder model's configuration, and how its checkpoint names the weights. */
export interface EncoderDecoderDescription {
  readonly config: EncoderDecoderConfig;
  readonly naming: Naming;
}

/**
 * Loads an encoder-decoder model from a Hugging Face folder onto a device: BART, mBART, Marian, M2M-100, NLLB, T5, Flan-T5,
 * mT5. Throws as
 * `loadModel` does; nothing stays on the device then.
 *
 * @example
 * const backend = await createBackend();
 * const model = await loadEncoderDecoder(backend, 'path/to/opus-mt-en-de');
 */
export async function loadEncoderDecoder(
  backend: Backend,
  folder: string,
  options: LoadParametersOptions = {},
): Promise<EncoderDecoderLM> {
  options.signal?.throwIfAborted();
  const location = platform.join(folder, 'config.json');
  const text = await platform.readText(location);
  if (text === undefined) throw new Error(`Cannot load the model in ${folder}: it has no config.json`);
  const description = parseEncoderDecoderConfig(location, text);
  const source = await openStoredWeights(folder, { signal: options.signal });
  try {
    return await loadEncoderDecoderFrom(backend, description, source, options);
  } finally {
    await source.close();
  }
}

/**
 * Parses the text of an encoder-decoder model's config.json; `location` is what errors call it. Throws a `SyntaxError` if it is
 * no JSON, and a `RangeError` for an unknown `model_type` or a setting that cannot be.
 *
 * @example
 * parseEncoderDecoderConfig('config.json', '{ "model_type": "bart" }').config.hiddenSize; // 1024
 */
export function parseEncoderDecoderConfig(location: string, text: string): EncoderDecoderDescription {
  const fields = JsonFields.parse(location, text);
  const architecture = encoderDecoderArchitectureOf(fields.string('model_type'), location);
  const config = architecture.parseConfig(fields);
  return { config, naming: architecture.naming(config) };
}

/**
 * Loads an encoder-decoder model of a given description from any source of weights, which stays open. A bias of the logits that the
 * source lacks is zeros, as in a model that was made without one.
 */
export async function loadEncoderDecoderFrom(
  backend: Backend,
  { config, naming }: EncoderDecoderDescription,
  source: WeightSource,
  options: LoadParametersOptions = {},
): Promise<EncoderDecoderLM> {
  const complete = config.hasLogitsBias
    ? orZeros(source, storedName('logits.bias', naming).name, [1, config.vocabSize])
    : source;
  const parameters = await loadParameters(backend, encoderDecoderParameters(config), naming, complete, options);
  return new EncoderDecoderLM(buildEncoderDecoder(config, parameters), parameters);
}
