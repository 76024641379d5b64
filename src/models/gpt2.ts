import type { JsonFields } from '../config/json-fields.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { type Architecture, finishConfig, parseActivation } from './architecture.ts';

/** Names of the four `Conv1D` layers of a block, in GPT-1 and GPT-2 alike. */
export const CONV1D_BLOCK: Readonly<Record<string, string>> = {
  'layers.{}.attention.qkv.weight': 'transformer.h.{}.attn.c_attn.weight',
  'layers.{}.attention.qkv.bias': 'transformer.h.{}.attn.c_attn.bias',
  'layers.{}.attention.output.weight': 'transformer.h.{}.attn.c_proj.weight',
  'layers.{}.attention.output.bias': 'transformer.h.{}.attn.c_proj.bias',
  'layers.{}.mlp.up.weight': 'transformer.h.{}.mlp.c_fc.weight',
  'layers.{}.mlp.up.bias': 'transformer.h.{}.mlp.c_fc.bias',
  'layers.{}.mlp.down.weight': 'transformer.h.{}.mlp.c_proj.weight',
  'layers.{}.mlp.down.bias': 'transformer.h.{}.mlp.c_proj.bias',
};

export const CONV1D_PATHS: ReadonlySet<string> = new Set(
  Object.keys(CONV1D_BLOCK).filter((path) => path.endsWith('.weight')),
);

/** GPT-2 (Radford et al. 2019): pre-norm, learned positions, fused query/key/value, matrices stored transposed. */
export const gpt2: Architecture = {
  modelTypes: ['gpt2'],

  parseConfig(fields: JsonFields): ModelConfig {
    fields.requireSupported('scale_attn_weights', [true]);
    fields.requireSupported('scale_attn_by_inverse_layer_idx', [false]);
    fields.requireSupported('add_cross_attention', [false]);
    const hiddenSize = fields.count('n_embd', 768);
    const numHeads = fields.count('n_head', 12);
    const numLayers = fields.count('n_layer', 12);
    const headSize = hiddenSize / numHeads;
    return finishConfig(fields, {
      modelType: 'gpt2',
      vocabSize: fields.count('vocab_size', 50257),
      hiddenSize,
      numLayers,
      numHeads,
      numKvHeads: numHeads,
      headSize,
      intermediateSize: fields.count('n_inner', 4 * hiddenSize),
      maxPositions: fields.count('n_positions', 1024),
      positions: { kind: 'learned' },
      norm: { kind: 'layerNorm', epsilon: fields.positive('layer_norm_epsilon', 1e-5) },
      normPlacement: 'pre',
      hasFinalNorm: true,
      activation: parseActivation(fields, 'activation_function', 'gelu_new'),
      isMlpGated: false,
      mlpBias: true,
      isQkvFused: true,
      qkvBias: true,
      attentionOutputBias: true,
      hasQueryKeyNorm: false,
      attentionScale: 1 / Math.sqrt(headSize),
      windows: [],
      isTied: fields.boolean('tie_word_embeddings', true),
      bosTokenId: fields.tokenIds('bos_token_id')[0],
      eosTokenIds: fields.tokenIds('eos_token_id'),
    });
  },

  naming(config) {
    return {
      optionalPrefix: 'transformer.',
      names: {
        'tokenEmbedding.weight': 'transformer.wte.weight',
        'positionEmbedding.weight': 'transformer.wpe.weight',
        'layers.{}.attentionNorm.weight': 'transformer.h.{}.ln_1.weight',
        'layers.{}.attentionNorm.bias': 'transformer.h.{}.ln_1.bias',
        ...CONV1D_BLOCK,
        'layers.{}.mlpNorm.weight': 'transformer.h.{}.ln_2.weight',
        'layers.{}.mlpNorm.bias': 'transformer.h.{}.ln_2.bias',
        'finalNorm.weight': 'transformer.ln_f.weight',
        'finalNorm.bias': 'transformer.ln_f.bias',
        'head.weight': 'lm_head.weight',
      },
      transposed: CONV1D_PATHS,
      ignored: [/(^|\.)h\.\d+\.attn\.(masked_)?bias$/, ...(config.isTied ? [/^lm_head\.weight$/] : [])],
    };
  },
};
