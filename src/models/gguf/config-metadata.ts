import type { ModelConfig } from '../../config/model-config.ts';
import type { TypedMetadata, TypedValue } from '../../formats/gguf/encode-gguf.ts';

const count = (value: number): TypedValue => ({ type: 'uint32', value });
const real = (value: number): TypedValue => ({ type: 'float32', value });
const text = (value: string): TypedValue => ({ type: 'string', value });

/** The architecture that GGUF has for a model, by its `model_type`. */
const ARCHITECTURES: ReadonlyMap<string, string> = new Map([
  ['gpt2', 'gpt2'],
  ['llama', 'llama'],
  ['mistral', 'llama'],
  ['qwen2', 'qwen2'],
  ['qwen3', 'qwen3'],
]);

/** A configuration as metadata of GGUF. Throws a `RangeError` that names the setting that GGUF cannot say. */
export function configMetadata(config: ModelConfig): TypedMetadata {
  const architecture = ARCHITECTURES.get(config.modelType) ?? refuse(`its type is ${config.modelType}`);
  const key = (name: string) => `${architecture}.${name}`;
  if (config.windows.some((window) => window !== undefined)) refuse('it has sliding windows');
  const activation = architecture === 'gpt2' ? 'gelu_tanh' : 'silu';
  if (config.activation !== activation) refuse(`its activation is ${config.activation}, wanted ${activation}`);
  const norm = config.norm.kind === 'rmsNorm' ? 'layer_norm_rms_epsilon' : 'layer_norm_epsilon';
  return {
    'general.architecture': text(architecture),
    [key('context_length')]: count(config.maxPositions),
    [key('embedding_length')]: count(config.hiddenSize),
    [key('feed_forward_length')]: count(config.intermediateSize),
    [key('block_count')]: count(config.numLayers),
    [key('attention.head_count')]: count(config.numHeads),
    [key('attention.head_count_kv')]: count(config.numKvHeads),
    [key(`attention.${norm}`)]: real(config.norm.epsilon),
    [key('vocab_size')]: count(config.vocabSize),
    ...(config.positions.kind === 'rotary' ? rotaryMetadata(config.headSize, config.positions, key) : {}),
  };
}

function rotaryMetadata(
  headSize: number,
  { theta, scaling }: Extract<ModelConfig['positions'], { readonly kind: 'rotary' }>,
  key: (name: string) => string,
): TypedMetadata {
  const plain = {
    [key('attention.key_length')]: count(headSize),
    [key('attention.value_length')]: count(headSize),
    [key('rope.dimension_count')]: count(headSize),
    [key('rope.freq_base')]: real(theta),
  };
  // Factors of frequencies are a tensor.
  if (['none', 'llama3', 'factors'].includes(scaling.kind)) return plain;
  if (scaling.kind !== 'linear')
    return refuse(`its rotary scaling is ${scaling.kind}, wanted none, linear, llama3 or longrope`);
  return { ...plain, [key('rope.scaling.type')]: text('linear'), [key('rope.scaling.factor')]: real(scaling.factor) };
}

function refuse(problem: string): never {
  throw new RangeError(`Cannot write the model as GGUF: ${problem}`);
}
