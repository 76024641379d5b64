import { EncoderDecoderLM } from './encoder-decoder-lm.ts';
import type { LanguageModel } from './language-model.ts';
import { savedEncoderDecoder } from './save-encoder-decoder.ts';
import { type SavedModel, type SaveModelOptions, savedCausalLM, writeModelFolder } from './save-model.ts';

/**
 * Saves a model of either kind as a Hugging Face folder, as `saveModel` does; throws as it does. What was loaded as codes is floats
 * again, which other programs read.
 *
 * @example
 * const model = await loadLanguageModel(backend, 'path/to/int8', { dtype: 'float32' });
 * await saveLanguageModel(model, 'path/to/floats', { dtype: 'float16', baseFolder: 'path/to/int8' });
 */
export function saveLanguageModel(model: LanguageModel, folder: string, options: SaveModelOptions = {}): Promise<void> {
  return writeModelFolder(folder, options, savedLanguageModel(model));
}

/** What of a model of either kind goes into its folder. */
export function savedLanguageModel(model: LanguageModel): SavedModel {
  return model instanceof EncoderDecoderLM ? savedEncoderDecoder(model) : savedCausalLM(model);
}
