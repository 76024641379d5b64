import type { EncoderDecoderLM } from './encoder-decoder-lm.ts';
import { encoderDecoderParameters } from './encoder-decoder-parameters.ts';
import { encoderDecoderArchitectureOf } from './encoder-decoder-registry.ts';
import { type SavedModel, type SaveModelOptions, writeModelFolder } from './save-model.ts';
import { formatConfig, reformatConfig } from './write-config.ts';

/** Saves an encoder-decoder model as a Hugging Face folder, as `saveModel` does; throws as it does. */
export function saveEncoderDecoder(
  model: EncoderDecoderLM,
  folder: string,
  options: SaveModelOptions = {},
): Promise<void> {
  return writeModelFolder(folder, options, savedEncoderDecoder(model));
}

/** What of an encoder-decoder model goes into its folder. */
export function savedEncoderDecoder({ config, parameters }: EncoderDecoderLM): SavedModel {
  const architecture = encoderDecoderArchitectureOf(config.modelType, 'the model');
  return {
    parameters,
    specs: encoderDecoderParameters(config),
    naming: architecture.naming(config),
    formatConfig: (dtype) => formatConfig(architecture, config, dtype),
    reformatConfig: (text, dtype) => reformatConfig(architecture, text, config, dtype),
  };
}
