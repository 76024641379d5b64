import type { JsonFields } from '../config/json-fields.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { type Architecture, finishConfig, parseActivation } from './architecture.ts';
import { CONV1D_BLOCK, CONV1D_PATHS } from './gpt2.ts';

/** GPT (Radford et al. 2018): GPT-2's block with the norms after the residuals, and no norm at the end. */
export const openaiGpt: Architecture = {
  modelTypes: ['openai-gpt'],

  parseConfig(fields: JsonFields): ModelConfig {
    const hiddenSize = fields.count('n_embd', 768);
    const numHeads = fields.count('n_head', 12);
    const headSize = hiddenSize / numHeads;
    return finishConfig(fields, {
      modelType: 'openai-gpt',
      vocabSize: fields.count('vocab_size', 40478),
      hiddenSize,
      numLayers: fields.count('n_layer', 12),
      numHeads,
      numKvHeads: numHeads,
      headSize,
      intermediateSize: 4 * hiddenSize,
      maxPositions: fields.count('n_positions', 512),
      positions: { kind: 'learned' },
      norm: { kind: 'layerNorm', epsilon: fields.positive('layer_norm_epsilon', 1e-5) },
      normPlacement: 'post',
      hasFinalNorm: false,
      // Its own "gelu" is the tanh approximation.
      activation: fields.string('afn', 'gelu') === 'gelu' ? 'gelu_tanh' : parseActivation(fields, 'afn', 'gelu'),
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
        'tokenEmbedding.weight': 'transformer.tokens_embed.weight',
        'positionEmbedding.weight': 'transformer.positions_embed.weight',
        ...CONV1D_BLOCK,
        'layers.{}.attentionNorm.weight': 'transformer.h.{}.ln_1.weight',
        'layers.{}.attentionNorm.bias': 'transformer.h.{}.ln_1.bias',
        'layers.{}.mlpNorm.weight': 'transformer.h.{}.ln_2.weight',
        'layers.{}.mlpNorm.bias': 'transformer.h.{}.ln_2.bias',
        'head.weight': 'lm_head.weight',
      },
      transposed: CONV1D_PATHS,
      ignored: [/(^|\.)h\.\d+\.attn\.bias$/, /(^|\.)position_ids$/, ...(config.isTied ? [/^lm_head\.weight$/] : [])],
    };
  },
};
