import { platform } from '#platform';
import { openSafetensors } from '../formats/safetensors.ts';
import { readFloat32, type WeightSource } from '../formats/weight-source.ts';
import { isEncoderDecoder, type LanguageModelDescription } from '../models/language-model.ts';
import { matchParameters } from '../models/match-parameters.ts';
import { type AdapterConfig, type AdapterTask, parseAdapterConfig } from './adapter-config.ts';
import { adapterTensors, CONFIG_FILE, storedAdapter, TENSORS_FILE } from './adapter-tensors.ts';
import { type TargetedLayer, targetedLayers } from './targeted-layers.ts';

/** An adapter in the host's memory. */
export interface AdapterValues {
  readonly config: AdapterConfig;
  readonly layers: readonly AdapterLayer[];
}

export interface AdapterLayer extends TargetedLayer {
  readonly a: Float32Array; // (r, inputs)
  readonly b: Float32Array; // (outputs, r)
}

/**
 * Reads the adapter in a folder, in PEFT's layout, for a model of the given description. Throws an `Error` if a file is
 * missing, and one that lists all missing, misshapen and unexpected tensors; what `parseAdapterConfig` and `targetedLayers`
 * throw; and the signal's reason.
 */
export async function readAdapter(
  folder: string,
  description: LanguageModelDescription,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<AdapterValues> {
  const location = platform.join(folder, CONFIG_FILE);
  const text = await platform.readText(location, options);
  if (text === undefined) throw new Error(`Cannot load the adapter in ${folder}: it has no ${CONFIG_FILE}`);
  const config = parseAdapterConfig(location, text);
  const task = taskOf(description);
  if (config.task !== undefined && config.task !== task)
    throw new RangeError(
      `Cannot load the adapter in ${folder}: its task_type is ${config.task}, but the model's would be ${task}`,
    );
  const layers = targetedLayers(description, config.targets, `load the adapter in ${folder}`);
  const file = platform.join(folder, TENSORS_FILE);
  if (!(await platform.isFile(file)))
    throw new Error(`Cannot load the adapter in ${folder}: it has no ${TENSORS_FILE}`);
  const source = await openSafetensors(file, options);
  try {
    return { config, layers: await readLayers(source, config, layers, options.signal) };
  } finally {
    await source.close();
  }
}

/** What adapters of a model call it. */
export function taskOf(description: LanguageModelDescription): AdapterTask {
  return isEncoderDecoder(description) ? 'SEQ_2_SEQ_LM' : 'CAUSAL_LM';
}

async function readLayers(
  source: WeightSource,
  { rank }: AdapterConfig,
  layers: readonly TargetedLayer[],
  signal: AbortSignal | undefined,
): Promise<readonly AdapterLayer[]> {
  const tensors = adapterTensors(layers, rank);
  const { specs, naming } = storedAdapter(tensors);
  matchParameters(specs, naming, source);
  const values: Float32Array[] = [];
  for (const { name } of tensors) {
    signal?.throwIfAborted();
    values.push(await readFloat32(source, name));
  }
  return layers.map((layer, i) => ({ ...layer, a: values[2 * i]!, b: values[2 * i + 1]! }));
}
