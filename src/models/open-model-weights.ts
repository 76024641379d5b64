import { dequantizedWeights } from '../formats/gguf/dequantized-weights.ts';
import { isGgufModel } from '../formats/gguf/open-gguf.ts';
import { openWeights } from '../formats/open-weights.ts';
import type { WeightSource } from '../formats/weight-source.ts';
import { openGgufWeights } from './gguf/describe-gguf.ts';

/** The weights of a model's folder or GGUF file as its modules take them, blocks dequantised. */
export async function openModelWeights(
  location: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<WeightSource> {
  return dequantizedWeights(await openStoredWeights(location, options));
}

/** The same with tensors of blocks as they are. */
export async function openStoredWeights(
  location: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<WeightSource> {
  return (await isGgufModel(location)) ? openGgufWeights(location, options) : openWeights(location, options);
}
