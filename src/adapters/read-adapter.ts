import { platform } from '#platform';
import { openSafetensors } from '../formats/safetensors.ts';
import { readFloat32, type WeightSource } from '../formats/weight-source.ts';
import type { ModelDescription } from '../models/load-model.ts';
import { matchParameters } from '../models/match-parameters.ts';
import type { ParameterSpec } from '../models/parameter-spec.ts';
import { type AdapterConfig, parseAdapterConfig } from './adapter-config.ts';
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

/** What PEFT calls an adapter's configuration and its tensors. */
export const CONFIG_FILE = 'adapter_config.json';
export const TENSORS_FILE = 'adapter_model.safetensors';

/** What PEFT calls A or B of a layer. */
export function tensorName({ module }: TargetedLayer, part: 'A' | 'B'): string {
  return `base_model.model.${module}.lora_${part}.weight`;
}

/**
 * Reads the adapter in a folder, in PEFT's layout, for a model of the given description. Throws an `Error` if a file is
 * missing, and one that lists all missing, misshapen and unexpected tensors; what `parseAdapterConfig` and `targetedLayers`
 * throw; and the signal's reason.
 */
export async function readAdapter(
  folder: string,
  description: ModelDescription,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<AdapterValues> {
  const location = platform.join(folder, CONFIG_FILE);
  const text = await platform.readText(location, options);
  if (text === undefined) throw new Error(`Cannot load the adapter in ${folder}: it has no ${CONFIG_FILE}`);
  const config = parseAdapterConfig(location, text);
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

async function readLayers(
  source: WeightSource,
  { rank }: AdapterConfig,
  layers: readonly TargetedLayer[],
  signal: AbortSignal | undefined,
): Promise<readonly AdapterLayer[]> {
  expectTensors(source, layers, rank);
  const read: AdapterLayer[] = [];
  for (const layer of layers) {
    signal?.throwIfAborted();
    const a = await readFloat32(source, tensorName(layer, 'A'));
    read.push({ ...layer, a, b: await readFloat32(source, tensorName(layer, 'B')) });
  }
  return read;
}

function expectTensors(source: WeightSource, layers: readonly TargetedLayer[], rank: number): void {
  const names: Record<string, string> = {};
  const specs: ParameterSpec[] = [];
  for (const layer of layers)
    for (const part of ['A', 'B'] as const) {
      const name = tensorName(layer, part);
      names[name] = name;
      const shape = part === 'A' ? ([rank, layer.inputs] as const) : ([layer.outputs, rank] as const);
      specs.push({ kind: 'matrix', path: name, shape });
    }
  matchParameters(specs, { names, transposed: new Set(), ignored: [] }, source);
}
