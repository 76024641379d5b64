import type { JsonFields } from '../config/json-fields.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { type Architecture, activationName, commonFields, finishConfig, parseActivation } from './architecture.ts';
import { maxPositionsOf, parseRotary, rotaryFields } from './rotary-config.ts';

/** What the members of the family differ in. */
interface Variant {
  readonly qkvBias: boolean;
  readonly attentionOutputBias: boolean;
  readonly mlpBias: boolean;
  readonly hasQueryKeyNorm: boolean;
  readonly headSize: number | undefined;
  readonly maxPositions: number;
  readonly windows: readonly (number | undefined)[];
}

/**
 * The Llama family by configuration: pre-norm with RMSNorm, rotary positions, a gated MLP, grouped key/value heads.
 * Llama 2 and 3 (Touvron et al. 2023), Mistral (sliding window), Qwen2 (biased projections), Qwen3 (query and key norms).
 */
export const llama: Architecture = {
  modelTypes: ['llama', 'mistral', 'qwen2', 'qwen3'],

  parseConfig(fields: JsonFields): ModelConfig {
    const modelType = fields.oneOf('model_type', ['llama', 'mistral', 'qwen2', 'qwen3']);
    const numLayers = fields.count('num_hidden_layers', 32);
    const variant = parseVariant(fields, modelType, numLayers);
    const hiddenSize = fields.count('hidden_size', 4096);
    const numHeads = fields.count('num_attention_heads', 32);
    const headSize = fields.count('head_dim', variant.headSize ?? hiddenSize / numHeads);
    const trainedPositions = fields.count('max_position_embeddings', variant.maxPositions);
    const positions = parseRotary(fields, headSize, trainedPositions);
    return finishConfig(fields, {
      modelType,
      vocabSize: fields.count('vocab_size', 32000),
      hiddenSize,
      numLayers,
      numHeads,
      numKvHeads: fields.count('num_key_value_heads', modelType === 'mistral' ? 8 : numHeads),
      headSize,
      intermediateSize: fields.count('intermediate_size', 11008),
      maxPositions: maxPositionsOf(positions, trainedPositions),
      positions,
      norm: { kind: 'rmsNorm', epsilon: fields.positive('rms_norm_eps', 1e-6) },
      normPlacement: 'pre',
      hasFinalNorm: true,
      activation: parseActivation(fields, 'hidden_act', 'silu'),
      isMlpGated: true,
      mlpBias: variant.mlpBias,
      isQkvFused: false,
      qkvBias: variant.qkvBias,
      attentionOutputBias: variant.attentionOutputBias,
      hasQueryKeyNorm: variant.hasQueryKeyNorm,
      attentionScale: 1 / Math.sqrt(headSize),
      windows: variant.windows,
      isTied: fields.boolean('tie_word_embeddings', false),
      bosTokenId: fields.tokenIds('bos_token_id')[0],
      eosTokenIds: fields.tokenIds('eos_token_id'),
    });
  },

  naming(config) {
    return {
      optionalPrefix: 'model.',
      names: NAMES,
      transposed: new Set(),
      ignored: [/rotary_emb\.inv_freq$/, ...(config.isTied ? [/^lm_head\.weight$/] : [])],
    };
  },

  writeConfig(config) {
    const { modelType, attentionOutputBias, mlpBias } = config;
    return {
      architectures: [CLASSES[modelType as keyof typeof CLASSES]],
      ...commonFields(config),
      hidden_size: config.hiddenSize,
      num_hidden_layers: config.numLayers,
      num_attention_heads: config.numHeads,
      num_key_value_heads: config.numKvHeads,
      head_dim: config.headSize,
      intermediate_size: config.intermediateSize,
      hidden_act: activationName(config.activation),
      rms_norm_eps: config.norm.epsilon,
      attention_bias: attentionOutputBias,
      ...(modelType === 'llama' ? { mlp_bias: mlpBias } : {}),
      ...rotaryFields(config),
      ...windowFields(config),
    };
  },
};

const CLASSES = {
  llama: 'LlamaForCausalLM',
  mistral: 'MistralForCausalLM',
  qwen2: 'Qwen2ForCausalLM',
  qwen3: 'Qwen3ForCausalLM',
} as const;

/** One window for all layers as Mistral says it, or layer by layer as Qwen does. */
function windowFields({ modelType, windows }: ModelConfig): Readonly<Record<string, unknown>> {
  const window = windows.find((window) => window !== undefined) ?? null;
  if (modelType === 'mistral') return { sliding_window: window };
  if (window === null) return {};
  const types = windows.map((window) => (window === undefined ? 'full_attention' : 'sliding_attention'));
  return { use_sliding_window: true, sliding_window: window, layer_types: types };
}

const NAMES: Readonly<Record<string, string>> = {
  'tokenEmbedding.weight': 'model.embed_tokens.weight',
  'layers.{}.attentionNorm.weight': 'model.layers.{}.input_layernorm.weight',
  'layers.{}.attention.query.weight': 'model.layers.{}.self_attn.q_proj.weight',
  'layers.{}.attention.query.bias': 'model.layers.{}.self_attn.q_proj.bias',
  'layers.{}.attention.key.weight': 'model.layers.{}.self_attn.k_proj.weight',
  'layers.{}.attention.key.bias': 'model.layers.{}.self_attn.k_proj.bias',
  'layers.{}.attention.value.weight': 'model.layers.{}.self_attn.v_proj.weight',
  'layers.{}.attention.value.bias': 'model.layers.{}.self_attn.v_proj.bias',
  'layers.{}.attention.output.weight': 'model.layers.{}.self_attn.o_proj.weight',
  'layers.{}.attention.output.bias': 'model.layers.{}.self_attn.o_proj.bias',
  'layers.{}.attention.queryNorm.weight': 'model.layers.{}.self_attn.q_norm.weight',
  'layers.{}.attention.keyNorm.weight': 'model.layers.{}.self_attn.k_norm.weight',
  'layers.{}.mlpNorm.weight': 'model.layers.{}.post_attention_layernorm.weight',
  'layers.{}.mlp.gate.weight': 'model.layers.{}.mlp.gate_proj.weight',
  'layers.{}.mlp.gate.bias': 'model.layers.{}.mlp.gate_proj.bias',
  'layers.{}.mlp.up.weight': 'model.layers.{}.mlp.up_proj.weight',
  'layers.{}.mlp.up.bias': 'model.layers.{}.mlp.up_proj.bias',
  'layers.{}.mlp.down.weight': 'model.layers.{}.mlp.down_proj.weight',
  'layers.{}.mlp.down.bias': 'model.layers.{}.mlp.down_proj.bias',
  'finalNorm.weight': 'model.norm.weight',
  'head.weight': 'lm_head.weight',
};

/** Each member's own fields and the defaults that its configs leave out. */
function parseVariant(
  fields: JsonFields,
  modelType: 'llama' | 'mistral' | 'qwen2' | 'qwen3',
  numLayers: number,
): Variant {
  const plain = { qkvBias: false, attentionOutputBias: false, mlpBias: false, hasQueryKeyNorm: false };
  const base = { ...plain, headSize: undefined, windows: [] };
  switch (modelType) {
    case 'llama': {
      const attentionBias = fields.boolean('attention_bias', false);
      return {
        ...base,
        qkvBias: attentionBias,
        attentionOutputBias: attentionBias,
        mlpBias: fields.boolean('mlp_bias', false),
        maxPositions: 2048,
      };
    }
    case 'mistral':
      return { ...base, maxPositions: 4096 * 32, windows: parseWindows(fields, numLayers, 0, isNull(fields)) };
    case 'qwen2':
      return { ...base, qkvBias: true, maxPositions: 32768, windows: qwenWindows(fields, numLayers) };
    case 'qwen3': {
      const attentionBias = fields.boolean('attention_bias', false);
      return {
        ...base,
        qkvBias: attentionBias,
        attentionOutputBias: attentionBias,
        hasQueryKeyNorm: true,
        headSize: 128,
        maxPositions: 32768,
        windows: qwenWindows(fields, numLayers),
      };
    }
    default:
      return modelType satisfies never;
  }
}

/** Mistral's `sliding_window: null` switches it off; left out, it is 4096. */
function isNull(fields: JsonFields): boolean {
  return fields.keys.includes('sliding_window') && !fields.has('sliding_window');
}

function qwenWindows(fields: JsonFields, numLayers: number): readonly (number | undefined)[] {
  const isOff = !fields.boolean('use_sliding_window', false) || isNull(fields);
  return parseWindows(fields, numLayers, fields.count('max_window_layers', 28, 0), isOff);
}

/** Windows per layer: those of `layer_types` that slide, else every layer from `firstLayer` on. */
function parseWindows(
  fields: JsonFields,
  numLayers: number,
  firstLayer: number,
  isOff: boolean,
): readonly (number | undefined)[] {
  if (isOff) return [];
  const window = fields.count('sliding_window', 4096);
  const types = fields.value('layer_types');
  if (types === undefined) return Array.from({ length: numLayers }, (_, i) => (i >= firstLayer ? window : undefined));
  if (!Array.isArray(types) || types.length !== numLayers)
    throw new RangeError(`Cannot read ${fields.location}: "layer_types" must list ${numLayers} layers`);
  return types.map((type, i) => {
    if (type === 'full_attention') return undefined;
    if (type === 'sliding_attention') return window;
    throw new RangeError(
      `Cannot read ${fields.location}: layer ${i} is ${JSON.stringify(type)}, supported: "full_attention", "sliding_attention"`,
    );
  });
}
