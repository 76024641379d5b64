import type { JsonFields } from '../config/json-fields.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { type Architecture, activationName, commonFields, finishConfig, parseActivation } from './architecture.ts';
import { CONV1D_BLOCK, CONV1D_PATHS, gptConfig, NORMS_OF_BLOCK } from './gpt-family.ts';

/** GPT (Radford et al. 2018): GPT-2's block with the norms after the residuals, and no norm at the end. */
export const openaiGpt: Architecture = {
  modelTypes: ['openai-gpt'],

  parseConfig(fields: JsonFields): ModelConfig {
    const hiddenSize = fields.count('n_embd', 768);
    const numHeads = fields.count('n_head', 12);
    const config = gptConfig(fields, {
      modelType: 'openai-gpt',
      vocabSize: fields.count('vocab_size', 40478),
      hiddenSize,
      numLayers: fields.count('n_layer', 12),
      numHeads,
      intermediateSize: 4 * hiddenSize,
      maxPositions: fields.count('n_positions', 512),
      normPlacement: 'post',
      hasFinalNorm: false,
      // Its own "gelu" is the tanh approximation.
      activation: fields.string('afn', 'gelu') === 'gelu' ? 'gelu_tanh' : parseActivation(fields, 'afn', 'gelu'),
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
        'tokenEmbedding.weight': 'transformer.tokens_embed.weight',
        'positionEmbedding.weight': 'transformer.positions_embed.weight',
        ...CONV1D_BLOCK,
        ...NORMS_OF_BLOCK,
        'head.weight': 'lm_head.weight',
      },
      transposed: CONV1D_PATHS,
      ignored: [/(^|\.)h\.\d+\.attn\.bias$/, /(^|\.)position_ids$/, ...(config.isTied ? [/^lm_head\.weight$/] : [])],
    };
  },

  writeConfig(config) {
    return {
      architectures: ['OpenAIGPTLMHeadModel'],
      ...commonFields(config),
      n_embd: config.hiddenSize,
      n_layer: config.numLayers,
      n_head: config.numHeads,
      n_positions: config.maxPositions,
      afn: config.activation === 'gelu_tanh' ? 'gelu' : activationName(config.activation),
      layer_norm_epsilon: config.norm.epsilon,
    };
  },
};
