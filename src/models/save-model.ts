import { platform } from '#platform';
import type { WeightDType } from '../backend/dtype.ts';
import type { QuantizedMatrix } from '../quantized/quantized-matrix.ts';
import type { CausalLM } from './causal-lm.ts';
import { copyModelFiles } from './copy-model-files.ts';
import { decoderOnlyParameters } from './decoder-only-parameters.ts';
import { readerOf } from './parameter-reader.ts';
import type { Naming, ParameterSpec } from './parameter-spec.ts';
import type { Parameters } from './parameters.ts';
import { architectureOf } from './registry.ts';
import { saveParameters } from './save-parameters.ts';
import { formatModelConfig, reformatModelConfig } from './write-config.ts';

/** How to save a model. */
export interface SaveModelOptions {
  /** Width of the weights in the file, rounded to the nearest; float32 unless given. */
  readonly dtype?: WeightDType | undefined;
  /** The folder that the model was loaded from: its config.json, tokenizer and generation settings are kept. */
  readonly baseFolder?: string | undefined;
}

/**
 * Saves a model as a Hugging Face folder, which is made if it is not there: config.json, model.safetensors under the names of
 * its architecture, and the tokenizer of `baseFolder`. Matrices that are being trained are saved in their float32 values, codes
 * as the numbers that they stand for. Each file is written whole or not at all. Throws an `Error` that names what cannot be written, and a `RangeError` for a
 * configuration that the architecture's config.json cannot say.
 *
 * @example
 * await saveModel(model, 'path/to/folder', { dtype: 'bfloat16' });
 */
export function saveModel(model: CausalLM, folder: string, options: SaveModelOptions = {}): Promise<void> {
  return writeModelFolder(folder, options, savedCausalLM(model));
}

/** What of a decoder-only model goes into its folder. */
export function savedCausalLM({ config, parameters }: CausalLM): SavedModel {
  return {
    parameters,
    specs: decoderOnlyParameters(config),
    naming: architectureOf(config.modelType, 'the model').naming(config),
    formatConfig: (dtype) => formatModelConfig(config, dtype),
    reformatConfig: (text, dtype) => reformatModelConfig(text, config, dtype),
  };
}

/** What of a model goes into its folder. */
export interface SavedModel {
  readonly parameters: Parameters;
  readonly specs: readonly ParameterSpec[];
  readonly naming: Naming;
  /** Matrices that are written as codes, in GPTQ's layout, by path. */
  readonly matrices?: ReadonlyMap<string, QuantizedMatrix> | undefined;
  formatConfig(dtype: WeightDType): string;
  /** The config.json of a base folder with another dtype; undefined if it is not the model's. */
  reformatConfig(text: string, dtype: WeightDType): string | undefined;
}

/** Writes config.json, model.safetensors and what is kept of the base folder. */
export async function writeModelFolder(folder: string, options: SaveModelOptions, saved: SavedModel): Promise<void> {
  const { dtype = 'float32', baseFolder } = options;
  const configText = (await keptConfig(saved, baseFolder, dtype)) ?? saved.formatConfig(dtype);
  await platform.makeDirectory(folder);
  await platform.writeFileAtomically(platform.join(folder, 'config.json'), (file) =>
    file.append(new TextEncoder().encode(configText)),
  );
  const location = platform.join(folder, 'model.safetensors');
  const { parameters, specs, naming, matrices } = saved;
  await saveParameters(location, specs, naming, { dtype, read: readerOf(parameters), matrices });
  if (baseFolder !== undefined) await copyModelFiles(baseFolder, folder);
}

/** The configuration of the base folder, if there is one and it is the model's. */
async function keptConfig(saved: SavedModel, baseFolder: string | undefined, dtype: WeightDType) {
  if (baseFolder === undefined) return undefined;
  const text = await platform.readText(platform.join(baseFolder, 'config.json'));
  return text === undefined ? undefined : saved.reformatConfig(text, dtype);
}
