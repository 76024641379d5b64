import type { WeightDType } from '../backend/dtype.ts';
import { firstDifference } from '../base/first-difference.ts';
import { JsonFields } from '../config/json-fields.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { showValue } from '../config/show-value.ts';
import type { Architecture } from './architecture.ts';
import { architectureOf } from './registry.ts';

/**
 * The text of a config.json for a configuration, as its family writes it; `dtype` is that of the weights beside it. Throws a
 * `RangeError` that names the setting where the family cannot say it.
 *
 * @example
 * const { config } = modelPreset('gpt2');
 * formatModelConfig({ ...config, numLayers: 2 }, 'float32'); // '{ "architectures": ["GPT2LMHeadModel"], …'
 */
export function formatModelConfig(config: ModelConfig, dtype: WeightDType): string {
  return formatConfig(architectureOf(config.modelType, 'a configuration'), config, dtype, comparable);
}

/** The text of a config.json that was read, with the dtype of new weights; undefined if it is of another configuration. */
export function reformatModelConfig(text: string, config: ModelConfig, dtype: WeightDType): string | undefined {
  const fields = JsonFields.parse('config.json', text);
  const architecture = architectureOf(fields.string('model_type'), 'config.json');
  return reformatConfig(architecture, text, config, dtype, comparable);
}

/** `formatModelConfig` for any architecture; configurations are compared as `comparableOf` makes them. */
export function formatConfig<Config extends { readonly modelType: string }>(
  architecture: Architecture<Config>,
  config: Config,
  dtype: WeightDType,
  comparableOf: (config: Config) => Config = (config) => config,
): string {
  const text = withDType(architecture.writeConfig(config), dtype);
  const written = architecture.parseConfig(JsonFields.parse('the configuration as written', text));
  const difference = firstDifference(comparableOf(config), comparableOf(written));
  if (difference === undefined) return text;
  const { path, first } = difference;
  throw new RangeError(
    `Cannot write a configuration of type ${config.modelType}: ${path} is ${showValue(first)}, which its config.json cannot say`,
  );
}

/** `reformatModelConfig` for any architecture. */
export function reformatConfig<Config>(
  architecture: Architecture<Config>,
  text: string,
  config: Config,
  dtype: WeightDType,
  comparableOf: (config: Config) => Config = (config) => config,
): string | undefined {
  const read = architecture.parseConfig(JsonFields.parse('config.json', text));
  if (firstDifference(comparableOf(read), comparableOf(config)) !== undefined) return undefined;
  return withDType(JSON.parse(text) as Record<string, unknown>, dtype);
}

function withDType(fields: Readonly<Record<string, unknown>>, dtype: WeightDType): string {
  const { dtype: newer, torch_dtype: _, quantization_config: __, ...rest } = fields;
  // Transformers 5 writes the newer name; all versions read the older one.
  return `${JSON.stringify({ ...rest, [newer === undefined ? 'torch_dtype' : 'dtype']: dtype }, undefined, 2)}\n`;
}

/** No window at all can be written in two ways. */
function comparable(config: ModelConfig): ModelConfig {
  return config.windows.every((window) => window === undefined) ? { ...config, windows: [] } : config;
}
