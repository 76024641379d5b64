import { type GgufFile, openGguf } from '../../formats/gguf/open-gguf.ts';
import { unwovenHeads } from '../../formats/gguf/unwoven-heads.ts';
import type { WeightSource } from '../../formats/weight-source.ts';
import type { ModelDescription } from '../model-description.ts';
import { findArchitecture } from '../registry.ts';
import { configFields } from './gguf-config.ts';
import { GGUF_NAMING, wovenHeads } from './gguf-naming.ts';

/** The configuration of the model in a GGUF file, and the names of its weights. */
export async function describeGguf(location: string): Promise<ModelDescription> {
  const file = await openGguf(location);
  try {
    return await describeFile(file);
  } finally {
    await file.close();
  }
}

async function describeFile(file: GgufFile): Promise<ModelDescription> {
  const fields = await configFields(file);
  return { config: findArchitecture(fields).parseConfig(fields), naming: GGUF_NAMING };
}

/** The weights of a GGUF file, blocks as they are, with rows in the order of Hugging Face's checkpoints. */
export async function openGgufWeights(
  location: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<WeightSource> {
  const file = await openGguf(location, options);
  try {
    const { config } = await describeFile(file);
    // `llama` alone is stored woven: llama.cpp turns the others' heads by halves.
    const isWoven = file.values.get('general.architecture') === 'llama';
    return isWoven ? unwovenHeads(file, wovenHeads(config)) : file;
  } catch (error) {
    await file.close();
    throw error;
  }
}
