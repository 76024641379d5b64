import { platform } from '#platform';
import { isGgufModel, openGguf } from './gguf/open-gguf.ts';
import { openSafetensors } from './safetensors.ts';
import { openShards } from './sharded-safetensors.ts';
import type { WeightSource } from './weight-source.ts';

/**
 * Opens the weights of a model: a `.safetensors` file, a `.gguf` file (its tensors as they are stored), or a folder with `model.safetensors` or
 * `model.safetensors.index.json` and its shards. Throws an `Error` that names what is missing.
 *
 * @example
 * const weights = await openWeights('models/gpt2');
 * console.log([...weights.tensors.keys()]);
 * await weights.close();
 */
export async function openWeights(
  location: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<WeightSource> {
  if (location.endsWith('.safetensors') && !(await platform.isDirectory(location))) {
    return openSafetensors(location, options);
  }
  if (await isGgufModel(location)) return openGguf(location, options);
  const file = platform.join(location, 'model.safetensors');
  if (await platform.isFile(file)) return openSafetensors(file, options);
  const index = await platform.readText(platform.join(location, 'model.safetensors.index.json'), options);
  if (index !== undefined) return openShards(location, index, options);
  throw new Error(
    `Cannot open the weights in ${location}: it has neither model.safetensors nor model.safetensors.index.json`,
  );
}
