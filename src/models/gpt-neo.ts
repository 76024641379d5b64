import type { JsonFields } from '../config/json-fields.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { type Architecture, activationName, commonFields, finishConfig, parseActivation } from './architecture.ts';
import { gptConfig, NORMS_OF_BLOCK } from './gpt-family.ts';

/**
 * GPT-Neo (Black et al. 2021): GPT-2 with layers that alternate between full and banded attention, which is GPT-3's
 * pattern (Brown et al. 2020), and with scores that are not scaled.
 */
export const gptNeo: Architecture = {
  modelTypes: ['gpt_neo'],

  parseConfig(fields: JsonFields): ModelConfig {
    const hiddenSize = fields.count('hidden_size', 2048);
    const numHeads = fields.count('num_heads', 16);
    const numLayers = fields.count('num_layers', 24);
    const config = gptConfig(fields, {
      modelType: 'gpt_neo',
      vocabSize: fields.count('vocab_size', 50257),
      hiddenSize,
      numLayers,
      numHeads,
      intermediateSize: fields.count('intermediate_size', 4 * hiddenSize),
      maxPositions: fields.count('max_position_embeddings', 2048),
      normPlacement: 'pre',
      hasFinalNorm: true,
      activation: parseActivation(fields, 'activation_function', 'gelu_new'),
      isQkvFused: false,
      qkvBias: false,
      attentionScale: 1,
      windows: parseWindows(fields, numLayers),
    });
    return finishConfig(fields, config);
  },

  naming(config) {
    return {
      optionalPrefix: 'transformer.',
      names: {
        'tokenEmbedding.weight': 'transformer.wte.weight',
        'positionEmbedding.weight': 'transformer.wpe.weight',
        ...NORMS_OF_BLOCK,
        'layers.{}.attention.query.weight': 'transformer.h.{}.attn.attention.q_proj.weight',
        'layers.{}.attention.key.weight': 'transformer.h.{}.attn.attention.k_proj.weight',
        'layers.{}.attention.value.weight': 'transformer.h.{}.attn.attention.v_proj.weight',
        'layers.{}.attention.output.weight': 'transformer.h.{}.attn.attention.out_proj.weight',
        'layers.{}.attention.output.bias': 'transformer.h.{}.attn.attention.out_proj.bias',
        'layers.{}.mlp.up.weight': 'transformer.h.{}.mlp.c_fc.weight',
        'layers.{}.mlp.up.bias': 'transformer.h.{}.mlp.c_fc.bias',
        'layers.{}.mlp.down.weight': 'transformer.h.{}.mlp.c_proj.weight',
        'layers.{}.mlp.down.bias': 'transformer.h.{}.mlp.c_proj.bias',
        'finalNorm.weight': 'transformer.ln_f.weight',
        'finalNorm.bias': 'transformer.ln_f.bias',
        'head.weight': 'lm_head.weight',
      },
      transposed: new Set(),
      ignored: [/(^|\.)h\.\d+\.attn\.attention\.(masked_)?bias$/, ...(config.isTied ? [/^lm_head\.weight$/] : [])],
    };
  },

  writeConfig(config) {
    const kinds = config.windows.map((window) => (window === undefined ? 'global' : 'local'));
    const window = config.windows.find((window) => window !== undefined);
    return {
      architectures: ['GPTNeoForCausalLM'],
      ...commonFields(config),
      hidden_size: config.hiddenSize,
      num_layers: config.numLayers,
      num_heads: config.numHeads,
      intermediate_size: config.intermediateSize,
      max_position_embeddings: config.maxPositions,
      activation_function: activationName(config.activation),
      layer_norm_epsilon: config.norm.epsilon,
      attention_layers: kinds,
      attention_types: kinds.map((kind) => [[kind], 1]),
      window_size: window,
    };
  },
};

/** `attention_types` is [[[kinds], repeats], ...]; `attention_layers`, one kind a layer, wins where it is given. */
function parseWindows(fields: JsonFields, numLayers: number): (number | undefined)[] {
  const window = fields.count('window_size', 256);
  const kinds = fields.value('attention_layers') ?? expandTypes(fields.value('attention_types'), numLayers);
  const isValid = Array.isArray(kinds) && kinds.every((kind) => kind === 'global' || kind === 'local');
  if (!isValid || kinds.length !== numLayers)
    throw new RangeError(
      `Cannot read ${fields.location}: the attention types give ${Array.isArray(kinds) ? kinds.length : 'no'} layers of "global" or "local", wanted ${numLayers}`,
    );
  return kinds.map((kind) => (kind === 'local' ? window : undefined));
}

function expandTypes(types: unknown, numLayers: number): unknown {
  if (types === undefined) return Array.from({ length: numLayers }, (_, i) => (i % 2 === 0 ? 'global' : 'local'));
  if (!Array.isArray(types)) return undefined;
  const expanded: unknown[] = [];
  for (const entry of types) {
    const [kinds, repeats] = Array.isArray(entry) ? entry : [];
    if (!Array.isArray(kinds) || kinds.length === 0 || !Number.isSafeInteger(repeats)) return undefined;
    for (let i = 0; i < repeats && expanded.length <= numLayers; i++) expanded.push(...kinds);
  }
  return expanded;
}
