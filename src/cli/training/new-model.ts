import { platform } from '#platform';
import type { Backend } from '../../backend/backend.ts';
import { JsonFields } from '../../config/json-fields.ts';
import { ENCODER_DECODER_TYPES } from '../../models/encoder-decoder-registry.ts';
import { loadEncoderDecoderFrom, parseEncoderDecoderConfig } from '../../models/load-encoder-decoder.ts';
import { loadModelFrom, parseModelConfig } from '../../models/load-model.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { initialEncoderDecoderWeights, initialWeights } from '../../training/initial-weights.ts';
import type { RunSettings } from './complete-settings.ts';
import { modelSizes, specialTokenIds } from './model-sizes.ts';
import type { RunModel } from './run-model.ts';

/** The config.json of a new model. */
export interface NewModelConfig {
  /** What errors call it. */
  readonly location: string;
  readonly text: string;
  readonly hasEncoder: boolean;
}

/** The config.json that the settings name, or one of their sizes. Throws an `Error` for a file that is not there. */
export async function newModelConfig(settings: RunSettings): Promise<NewModelConfig> {
  const { modelConfig, architecture } = settings;
  const hasEncoder = (modelType: string) => ENCODER_DECODER_TYPES.includes(modelType);
  if (modelConfig === undefined)
    return {
      ...{ location: 'the sizes of the model', text: JSON.stringify(modelSizes(settings)) },
      hasEncoder: hasEncoder(architecture!),
    };
  const text = await platform.readText(modelConfig);
  if (text === undefined) throw new Error(`Cannot read ${modelConfig}: there is no such file`);
  const modelType = JsonFields.parse(modelConfig, text).string('model_type');
  return { location: modelConfig, text, hasEncoder: hasEncoder(modelType) };
}

/**
 * A new model for as many tokens as the tokenizer has, with weights drawn from the seed. Throws a `RangeError` for sizes that do
 * not go together, and for a config.json of another vocabulary or of a shorter context.
 */
export async function createNewModel(
  backend: Backend,
  config: NewModelConfig,
  settings: RunSettings,
  tokenizer: Tokenizer,
): Promise<RunModel> {
  const { location, hasEncoder } = config;
  const text =
    settings.modelConfig === undefined
      ? JSON.stringify({ ...JSON.parse(config.text), ...specialTokenIds(tokenizer, hasEncoder) })
      : config.text;
  const { seed } = settings;
  if (hasEncoder) {
    const description = parseEncoderDecoderConfig(location, text);
    const { vocabSize, sourceVocabSize, maxPositions } = description.config;
    expectRoom(settings, tokenizer, { vocabSize: Math.min(vocabSize, sourceVocabSize), maxPositions });
    return loadEncoderDecoderFrom(backend, description, initialEncoderDecoderWeights(description, seed));
  }
  const description = parseModelConfig(location, text);
  expectRoom(settings, tokenizer, description.config);
  return loadModelFrom(backend, description, initialWeights(description, seed));
}

function expectRoom(
  { modelConfig, contextLength = 0 }: RunSettings,
  tokenizer: Tokenizer,
  { vocabSize, maxPositions }: { readonly vocabSize: number; readonly maxPositions: number },
): void {
  if (modelConfig === undefined) return;
  if (vocabSize < tokenizer.vocabSize)
    throw new RangeError(
      `Cannot train ${modelConfig}: its vocab_size is ${vocabSize}, but the tokenizer has ${tokenizer.vocabSize} tokens`,
    );
  if (maxPositions < contextLength)
    throw new RangeError(
      `Cannot train ${modelConfig}: it takes ${maxPositions} tokens, but contextLength is ${contextLength}`,
    );
}
