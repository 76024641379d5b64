import type { Activation } from '../backend/backend.ts';
import type { JsonFields } from '../config/json-fields.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { parseQuantizationConfig } from '../formats/quantized/quantization-config.ts';
import type { Naming } from './parameter-spec.ts';

/** A family of checkpoints: how it writes its configuration, and how it names its parameters. */
export interface Architecture<Config = ModelConfig> {
  /** Values of `model_type` in config.json. */
  readonly modelTypes: readonly string[];
  parseConfig(fields: JsonFields): Config;
  naming(config: Config): Naming;
  /** The fields of config.json that `parseConfig` makes this configuration of, as far as the family can say it. */
  writeConfig(config: Config): Readonly<Record<string, unknown>>;
}

const ACTIVATION_NAMES: Readonly<Record<string, Activation>> = {
  relu: 'relu',
  gelu: 'gelu',
  gelu_new: 'gelu_tanh',
  gelu_fast: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  silu: 'silu',
  swish: 'silu',
  quick_gelu: 'quick_gelu',
  tanh: 'tanh',
  sigmoid: 'sigmoid',
};

/** A config's activation by Hugging Face's name for it. */
export function parseActivation(fields: JsonFields, name: string, fallback: string): Activation {
  return ACTIVATION_NAMES[fields.oneOf(name, Object.keys(ACTIVATION_NAMES), fallback)]!;
}

/** The activation that a part of field `name` says. */
export function parseActivationName(fields: JsonFields, name: string, activation: string): Activation {
  const found = Object.entries(ACTIVATION_NAMES).find(([known]) => known === activation)?.[1];
  if (found !== undefined) return found;
  const known = Object.keys(ACTIVATION_NAMES).join(', ');
  throw new RangeError(`Cannot read ${fields.location}: activation "${activation}" of "${name}", supported: ${known}`);
}

/** Hugging Face's name for an activation. */
export function activationName(activation: Activation): string {
  return Object.entries(ACTIVATION_NAMES).find(([, known]) => known === activation)![0];
}

/** The fields that every family writes alike. */
export function commonFields(config: ModelConfig): Readonly<Record<string, unknown>> {
  const { modelType, vocabSize, isTied, bosTokenId, eosTokenIds } = config;
  return {
    model_type: modelType,
    vocab_size: vocabSize,
    tie_word_embeddings: isTied,
    bos_token_id: bosTokenId ?? null,
    eos_token_id: eosTokenIds.length > 1 ? eosTokenIds : (eosTokenIds[0] ?? null),
  };
}

/** More layers than any model has: a config is distrusted, and each layer costs memory before the weights are read. */
export const MAX_LAYERS = 10_000;

/** Checks what every family must satisfy, and freezes. */
export function finishConfig(fields: JsonFields, config: ModelConfig): ModelConfig {
  const fail = (problem: string): never => {
    throw new RangeError(`Cannot read ${fields.location}: ${problem}`);
  };
  parseQuantizationConfig(fields); // throws for what cannot be read
  if (config.numLayers > MAX_LAYERS) fail(`${config.numLayers} layers, at most ${MAX_LAYERS} are supported`);
  if (config.numHeads % config.numKvHeads !== 0)
    fail(`${config.numHeads} query heads cannot share ${config.numKvHeads} key/value heads evenly`);
  if (!Number.isInteger(config.headSize))
    fail(`hidden size ${config.hiddenSize} does not divide into ${config.numHeads} heads`);
  if (config.positions.kind === 'rotary' && config.positions.rotarySize % 2 !== 0)
    fail(`a head size of ${config.headSize} cannot be rotated in pairs, wanted an even one`);
  const isOutside = (id: number | undefined) => id !== undefined && id >= config.vocabSize;
  if (isOutside(config.bosTokenId)) fail(`"bos_token_id" is ${config.bosTokenId}, wanted below ${config.vocabSize}`);
  return Object.freeze(config);
}
