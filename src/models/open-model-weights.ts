import { platform } from '#platform';
import { JsonFields } from '../config/json-fields.ts';
import { dequantizedWeights } from '../formats/gguf/dequantized-weights.ts';
import { isGgufModel } from '../formats/gguf/open-gguf.ts';
import { openWeights } from '../formats/open-weights.ts';
import { parseQuantizationConfig } from '../formats/quantized/quantization-config.ts';
import { quantizedWeights, type TensorNames } from '../formats/quantized/quantized-weights.ts';
import type { WeightSource } from '../formats/weight-source.ts';
import { decoderOnlyParameters } from './decoder-only-parameters.ts';
import { encoderDecoderParameters } from './encoder-decoder-parameters.ts';
import { ENCODER_DECODER_TYPES, encoderDecoderArchitectureOf } from './encoder-decoder-registry.ts';
import { openGgufWeights } from './gguf/describe-gguf.ts';
import { candidateNames } from './match-parameters.ts';
import { type Naming, type ParameterSpec, storedName } from './parameter-spec.ts';
import { findArchitecture } from './registry.ts';

type Options = { readonly signal?: AbortSignal | undefined };

/** The weights of a model's folder or GGUF file as its modules take them, as floats. */
export async function openModelWeights(location: string, options: Options = {}): Promise<WeightSource> {
  return dequantizedWeights(await openStoredWeights(location, options));
}

/** The same with tensors of blocks, and codes, as they are. */
export async function openStoredWeights(location: string, options: Options = {}): Promise<WeightSource> {
  return (await isGgufModel(location)) ? openGgufWeights(location, options) : openFolder(location, options);
}

async function openFolder(folder: string, options: Options): Promise<WeightSource> {
  const location = platform.join(folder, 'config.json');
  const text = await platform.readText(location, options);
  const source = await openWeights(folder, options);
  if (text === undefined) return source;
  try {
    return await configuredWeights(JsonFields.parse(location, text), source);
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** What config.json says to be quantised is read so. `source` stays the caller's if it throws. */
export async function configuredWeights(fields: JsonFields, source: WeightSource): Promise<WeightSource> {
  const config = parseQuantizationConfig(fields);
  return config === undefined ? source : quantizedWeights(source, config, tensorNames(fields));
}

/** What a checkpoint may call the parameters of the model that its config.json describes. */
function tensorNames(fields: JsonFields): TensorNames {
  const { specs, naming } = namedParameters(fields);
  const isTransposed = new Map(
    specs.flatMap(({ path }) => {
      const { name, aliases, isTransposed } = storedName(path, naming);
      const names = [name, ...aliases].flatMap((one) => candidateNames(one, naming));
      return names.map((one) => [one, isTransposed] as const);
    }),
  );
  return {
    isTransposed: (name) => isTransposed.get(name) ?? false,
    isParameter: (name) => isTransposed.has(name),
  };
}

/** The parameters of the model that a config.json describes, of either kind. */
function namedParameters(fields: JsonFields): { readonly specs: readonly ParameterSpec[]; readonly naming: Naming } {
  const modelType = fields.string('model_type');
  if (ENCODER_DECODER_TYPES.includes(modelType)) {
    const architecture = encoderDecoderArchitectureOf(modelType, fields.location);
    const config = architecture.parseConfig(fields);
    return { specs: encoderDecoderParameters(config), naming: architecture.naming(config) };
  }
  const architecture = findArchitecture(fields);
  const config = architecture.parseConfig(fields);
  return { specs: decoderOnlyParameters(config), naming: architecture.naming(config) };
}
