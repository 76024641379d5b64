import type { JsonFields } from '../config/json-fields.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { type Architecture, activationName, commonFields, finishConfig, parseActivation } from './architecture.ts';
import { CONV1D_BLOCK, CONV1D_PATHS, gptConfig, NORMS_OF_BLOCK } from './gpt-family.ts';

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
    const config = gptConfig(fields, {
      modelType: 'gpt2',
      vocabSize: fields.count('vocab_size', 50257),
      hiddenSize,
      numLayers,
      numHeads,
      intermediateSize: fields.count('n_inner', 4 * hiddenSize),
      maxPositions: fields.count('n_positions', 1024),
      normPlacement: 'pre',
      hasFinalNorm: true,
      activation: parseActivation(fields, 'activation_function', 'gelu_new'),
      isQkvFused: true,
      qkvBias: true,
      attentionScale: 1 / Math.sqrt(hiddenSize / numHeads),
      windows: [],
    });
    return finishConfig(fields, config);
  },

  naming(config) {
    return {
      optionalPrefix: 'transformer.',
      names: {
        'tokenEmbedding.weight': 'transformer.wte.weight',
        'positionEmbedding.weight': 'transformer.wpe.weight',
        ...CONV1D_BLOCK,
        ...NORMS_OF_BLOCK,
        'finalNorm.weight': 'transformer.ln_f.weight',
        'finalNorm.bias': 'transformer.ln_f.bias',
        'head.weight': 'lm_head.weight',
      },
      transposed: CONV1D_PATHS,
      ignored: [/(^|\.)h\.\d+\.attn\.(masked_)?bias$/, ...(config.isTied ? [/^lm_head\.weight$/] : [])],
    };
  },

  writeConfig(config) {
    return {
      architectures: ['GPT2LMHeadModel'],
      ...commonFields(config),
      n_embd: config.hiddenSize,
      n_layer: config.numLayers,
      n_head: config.numHeads,
      n_inner: config.intermediateSize,
      n_positions: config.maxPositions,
      activation_function: activationName(config.activation),
      layer_norm_epsilon: config.norm.epsilon,
    };
  },
};
