import { platform } from '#platform';
import { isGgufModel } from '../formats/gguf/open-gguf.ts';
import { openWeights } from '../formats/open-weights.ts';
import type { WeightSource } from '../formats/weight-source.ts';

/** The weights of a folder, or undefined if it has none: its config.json alone says much already. */
export async function openWeightsIfAny(folder: string, signal: AbortSignal): Promise<WeightSource | undefined> {
  if (await isGgufModel(folder)) return openWeights(folder, { signal });
  for (const name of ['model.safetensors', 'model.safetensors.index.json']) {
    if (await platform.isFile(platform.join(folder, name))) return openWeights(folder, { signal });
  }
  return undefined;
}
