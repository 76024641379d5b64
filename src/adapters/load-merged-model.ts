import type { Backend } from '../backend/backend.ts';
import { WEIGHT_DTYPES, type WeightDType } from '../backend/dtype.ts';
import type { WeightSource } from '../formats/weight-source.ts';
import {
  describeLanguageModel,
  type LanguageModel,
  type LanguageModelDescription,
  loadLanguageModelFrom,
} from '../models/language-model.ts';
import type { LoadedDType } from '../models/load-matrix.ts';
import type { LoadParametersOptions } from '../models/load-parameters.ts';
import { openModelWeights } from '../models/open-model-weights.ts';
import { mergedWeights } from './merged-weights.ts';
import { readAdapter } from './read-adapter.ts';

export interface MergeOptions extends LoadParametersOptions {
  /** The folder of the adapter. */
  readonly mergeAdapter: string;
}

/**
 * Loads a model from a Hugging Face folder with an adapter merged into its weights: as fast as the model alone, and the
 * adapter cannot be taken out again. Throws as `loadModel` and `loadAdapter` do.
 *
 * @example
 * const model = await loadMergedModel(backend, 'path/to/model', { mergeAdapter: 'path/to/adapter' });
 */
export async function loadMergedModel(backend: Backend, folder: string, options: MergeOptions): Promise<LanguageModel> {
  options.signal?.throwIfAborted();
  const description = await describeLanguageModel(folder);
  const source = await openModelWeights(folder, { signal: options.signal });
  try {
    return await loadMergedFrom(backend, description, source, options);
  } finally {
    await source.close();
  }
}

/** `loadMergedModel` of a given description from any source of weights, which stays open. */
export async function loadMergedFrom(
  backend: Backend,
  description: LanguageModelDescription,
  source: WeightSource,
  { mergeAdapter, ...options }: MergeOptions,
): Promise<LanguageModel> {
  const adapter = await readAdapter(mergeAdapter, description, { signal: options.signal });
  const merged = mergedWeights(source, description.naming, adapter, floatsOf(options.dtype));
  return loadLanguageModelFrom(backend, description, merged, options);
}

/** What is quantised in the end is merged in float32. */
function floatsOf(dtype: LoadedDType = 'auto'): WeightDType | 'auto' {
  if (dtype === 'auto') return dtype;
  return WEIGHT_DTYPES.find((known) => known === dtype) ?? 'float32';
}
