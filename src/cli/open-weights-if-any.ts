import { platform } from '#platform';
import { isGgufModel } from '../formats/gguf/open-gguf.ts';
import { openWeights } from '../formats/open-weights.ts';
import type { WeightSource } from '../formats/weight-source.ts';

/** The weights of a folder, or undefined if it has none: its config.json alone says much already. */
export async function openWeightsIfAny(folder: string, signal: AbortSignal): Promise<WeightSource | undefined> {
  return (await hasWeights(folder)) ? openWeights(folder, { signal }) : undefined;
}

/** Whether a folder, or GGUF file, has more than a configuration. */
export async function hasWeights(folder: string): Promise<boolean> {
  if (await isGgufModel(folder)) return true;
  for (const name of ['model.safetensors', 'model.safetensors.index.json']) {
    if (await platform.isFile(platform.join(folder, name))) return true;
  }
  return false;
}
