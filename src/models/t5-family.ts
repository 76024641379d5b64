import type { EncoderDecoderConfig } from '../config/encoder-decoder-config.ts';
import type { JsonFields } from '../config/json-fields.ts';
import { type Architecture, activationName, parseActivationName } from './architecture.ts';
import { finishEncoderDecoderConfig, idOf } from './encoder-decoder-fields.ts';
import type { Naming } from './parameter-spec.ts';

const MODEL_TYPES = ['t5', 'mt5'] as const;

const CLASSES = { t5: 'T5ForConditionalGeneration', mt5: 'MT5ForConditionalGeneration' } as const;

const DEFAULTS = {
  t5: { vocabSize: 32128, intermediateSize: 2048, numLayers: 6, numHeads: 8, feedForward: 'relu' },
  mt5: { vocabSize: 250112, intermediateSize: 1024, numLayers: 8, numHeads: 6, feedForward: 'gated-gelu' },
};

/** Relative positions have no end; a sequence may be as long as those of other models of long context. */
const MAX_POSITIONS = 131_072;

/**
 * T5 (Raffel et al. 2020) by configuration: pre-norm with RMSNorm, biases by relative position, scores that are not scaled, no
 * other biases. Version 1.0 has a ReLU and projects to logits with the embedding, scaled by 1/√C; version 1.1 (also Flan-T5, and
 * mT5) a gated unit and an output projection of its own.
 */
export const t5Family: Architecture<EncoderDecoderConfig> = {
  modelTypes: MODEL_TYPES,

  parseConfig(fields) {
    const modelType = fields.oneOf('model_type', MODEL_TYPES);
    const defaults = DEFAULTS[modelType];
    fields.requireSupported('is_encoder_decoder', [true]);
    const hiddenSize = fields.count('d_model', 512);
    const vocabSize = fields.count('vocab_size', defaults.vocabSize);
    const numLayers = fields.count('num_layers', defaults.numLayers);
    const stack = {
      numHeads: fields.count('num_heads', defaults.numHeads),
      headSize: fields.count('d_kv', 64),
      intermediateSize: fields.count('d_ff', defaults.intermediateSize),
      attentionScale: 1,
    };
    const isTied = modelType === 't5' && isScaled(fields);
    const padTokenId = fields.tokenIds('pad_token_id')[0] ?? 0;
    return finishEncoderDecoderConfig(fields, {
      modelType,
      vocabSize,
      sourceVocabSize: vocabSize,
      hiddenSize,
      encoder: { ...stack, numLayers },
      decoder: { ...stack, numLayers: fields.count('num_decoder_layers', numLayers) },
      maxPositions: MAX_POSITIONS,
      positions: {
        kind: 'relative',
        numBuckets: fields.count('relative_attention_num_buckets', 32),
        maxDistance: fields.count('relative_attention_max_distance', 128),
      },
      embeddingScale: 1,
      hasEmbeddingNorm: false,
      norm: { kind: 'rmsNorm', epsilon: fields.positive('layer_norm_epsilon', 1e-6) },
      normPlacement: 'pre',
      hasFinalNorm: true,
      ...parseFeedForward(fields, defaults.feedForward),
      hasBiases: false,
      isEmbeddingShared: true,
      isTied,
      logitsScale: isTied ? 1 / Math.sqrt(hiddenSize) : 1,
      hasLogitsBias: false,
      padTokenId,
      decoderStartTokenId: idOf(fields, 'decoder_start_token_id', padTokenId),
      bosTokenId: idOf(fields, 'bos_token_id', undefined),
      eosTokenIds: fields.keys.includes('eos_token_id') ? fields.tokenIds('eos_token_id') : [1],
    });
  },

  naming({ isTied, isMlpGated }) {
    return {
      names: { ...NAMES, ...mlpNames('encoder', 1, isMlpGated), ...mlpNames('decoder', 2, isMlpGated) },
      aliases: {
        'tokenEmbedding.weight': [...TABLES, ...(isTied ? ['lm_head.weight'] : [])],
        'head.weight': ['shared.weight', ...TABLES],
      },
      transposed: new Set(),
      ignored: [
        /^(shared|encoder\.embed_tokens|decoder\.embed_tokens)\.weight$/,
        ...(isTied ? [/^lm_head\.weight$/] : []),
        // Of early checkpoints, which never used it.
        /^decoder\.block\.0\.layer\.1\.EncDecAttention\.relative_attention_bias\.weight$/,
      ],
    };
  },

  writeConfig(config) {
    const { encoder, decoder, positions, eosTokenIds } = config;
    const modelType = config.modelType as keyof typeof CLASSES;
    if (positions.kind !== 'relative')
      throw new TypeError(`Cannot write a ${modelType}: its positions are not relative`);
    return {
      architectures: [CLASSES[modelType]],
      model_type: modelType,
      is_encoder_decoder: true,
      tie_word_embeddings: config.isTied,
      vocab_size: config.vocabSize,
      d_model: config.hiddenSize,
      d_kv: encoder.headSize,
      d_ff: encoder.intermediateSize,
      num_layers: encoder.numLayers,
      num_decoder_layers: decoder.numLayers,
      num_heads: encoder.numHeads,
      relative_attention_num_buckets: positions.numBuckets,
      relative_attention_max_distance: positions.maxDistance,
      layer_norm_epsilon: config.norm.epsilon,
      feed_forward_proj: feedForwardName(config),
      pad_token_id: config.padTokenId,
      bos_token_id: config.bosTokenId ?? null,
      eos_token_id: eosTokenIds.length > 1 ? eosTokenIds : (eosTokenIds[0] ?? null),
      decoder_start_token_id: config.decoderStartTokenId ?? null,
    };
  },
};

/** Transformers 4 says it by `tie_word_embeddings`; 5 calls every model tied, whatever its weights, and says it apart. */
function isScaled(fields: JsonFields): boolean {
  return fields.boolean('scale_decoder_outputs', fields.boolean('tie_word_embeddings', true));
}

/** `relu`, `gated-silu`; `gated-gelu` means the tanh form. */
function parseFeedForward(
  fields: JsonFields,
  fallback: string,
): Pick<EncoderDecoderConfig, 'activation' | 'isMlpGated'> {
  const name = fields.string('feed_forward_proj', fallback);
  const isMlpGated = name.startsWith('gated-');
  const activation = name === 'gated-gelu' ? 'gelu_new' : name.slice(isMlpGated ? 'gated-'.length : 0);
  return { activation: parseActivationName(fields, 'feed_forward_proj', activation), isMlpGated };
}

function feedForwardName({ activation, isMlpGated }: EncoderDecoderConfig): string {
  if (!isMlpGated) return activationName(activation);
  return activation === 'gelu_tanh' ? 'gated-gelu' : `gated-${activationName(activation)}`;
}

const TABLES = ['encoder.embed_tokens.weight', 'decoder.embed_tokens.weight'];

const NAMES: Naming['names'] = {
  'tokenEmbedding.weight': 'shared.weight',
  'head.weight': 'lm_head.weight',
  ...sideNames('encoder', 1),
  ...sideNames('decoder', 2),
  ...attentionNames('decoder.layers.{}.crossAttention', 'decoder.block.{}.layer.1', 'EncDecAttention'),
};

/** The names of a side whose feed-forward network is sublayer `last`. */
function sideNames(side: string, last: number): Naming['names'] {
  const [layer, block] = [`${side}.layers.{}`, `${side}.block.{}.layer`];
  return {
    [`${side}.relativePositions.bias`]: `${side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight`,
    [`${side}.finalNorm.weight`]: `${side}.final_layer_norm.weight`,
    ...attentionNames(`${layer}.attention`, `${block}.0`, 'SelfAttention'),
    [`${layer}.mlpNorm.weight`]: `${block}.${last}.layer_norm.weight`,
    [`${layer}.mlp.down.weight`]: `${block}.${last}.DenseReluDense.wo.weight`,
  };
}

/** Without a gate, the first matrix has no number. */
function mlpNames(side: string, last: number, isGated: boolean): Naming['names'] {
  const [ours, theirs] = [`${side}.layers.{}.mlp`, `${side}.block.{}.layer.${last}.DenseReluDense`];
  if (!isGated) return { [`${ours}.up.weight`]: `${theirs}.wi.weight` };
  return { [`${ours}.gate.weight`]: `${theirs}.wi_0.weight`, [`${ours}.up.weight`]: `${theirs}.wi_1.weight` };
}

function attentionNames(ours: string, sublayer: string, theirs: string): Naming['names'] {
  return {
    [`${ours}Norm.weight`]: `${sublayer}.layer_norm.weight`,
    [`${ours}.query.weight`]: `${sublayer}.${theirs}.q.weight`,
    [`${ours}.key.weight`]: `${sublayer}.${theirs}.k.weight`,
    [`${ours}.value.weight`]: `${sublayer}.${theirs}.v.weight`,
    [`${ours}.output.weight`]: `${sublayer}.${theirs}.o.weight`,
  };
}
