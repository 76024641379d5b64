import type { AbsolutePositions, EncoderDecoderConfig, StackConfig } from '../config/encoder-decoder-config.ts';
import type { JsonFields } from '../config/json-fields.ts';
import { type Architecture, activationName, parseActivation } from './architecture.ts';
import { finishEncoderDecoderConfig, idOf } from './encoder-decoder-fields.ts';
import type { Naming } from './parameter-spec.ts';

const MODEL_TYPES = ['bart', 'mbart', 'marian', 'm2m_100'] as const;
type ModelType = (typeof MODEL_TYPES)[number];

/** What the members of the family differ in. */
interface Variant {
  readonly className: string;
  readonly normPlacement: 'pre' | 'post';
  readonly hasEmbeddingNorm: boolean;
  readonly hasFinalNorm: boolean;
  readonly hasLogitsBias: boolean;
  /** What their configs leave out. */
  readonly defaults: {
    readonly vocabSize: number;
    readonly activation: string;
    readonly scalesEmbedding: boolean;
    readonly padTokenId: number;
    readonly bosTokenId: number | undefined;
    readonly eosTokenId: number;
    readonly decoderStartTokenId: number | undefined;
  };
}

const SPECIAL_IDS = { padTokenId: 1, bosTokenId: 0, eosTokenId: 2, decoderStartTokenId: 2 };
const BART = { vocabSize: 50265, activation: 'gelu', scalesEmbedding: false, ...SPECIAL_IDS };

const VARIANTS: Readonly<Record<ModelType, Variant>> = {
  bart: {
    className: 'BartForConditionalGeneration',
    normPlacement: 'post',
    hasEmbeddingNorm: true,
    hasFinalNorm: false,
    hasLogitsBias: true,
    defaults: BART,
  },
  mbart: {
    className: 'MBartForConditionalGeneration',
    normPlacement: 'pre',
    hasEmbeddingNorm: true,
    hasFinalNorm: true,
    hasLogitsBias: true,
    defaults: { ...BART, decoderStartTokenId: undefined },
  },
  marian: {
    className: 'MarianMTModel',
    normPlacement: 'post',
    hasEmbeddingNorm: false,
    hasFinalNorm: false,
    hasLogitsBias: true,
    defaults: {
      vocabSize: 58101,
      activation: 'gelu',
      scalesEmbedding: false,
      padTokenId: 58100,
      bosTokenId: undefined,
      eosTokenId: 0,
      decoderStartTokenId: 58100,
    },
  },
  m2m_100: {
    className: 'M2M100ForConditionalGeneration',
    normPlacement: 'pre',
    hasEmbeddingNorm: false,
    hasFinalNorm: true,
    hasLogitsBias: false,
    defaults: { ...BART, vocabSize: 128112, activation: 'relu', scalesEmbedding: true },
  },
};

/**
 * The BART family by configuration: BART (Lewis et al. 2019) and mBART (Liu et al. 2020) with learned positions, Marian
 * (Junczys-Dowmunt et al. 2018), which is the Transformer of Vaswani et al. 2017, and M2M-100 (Fan et al. 2020), as which NLLB is
 * stored too, with sinusoidal ones. Where the output projection is not the target's embedding, no embedding is shared.
 */
export const bartFamily: Architecture<EncoderDecoderConfig> = {
  modelTypes: MODEL_TYPES,

  parseConfig(fields) {
    const modelType = fields.oneOf('model_type', MODEL_TYPES);
    const { defaults, normPlacement, hasEmbeddingNorm, hasFinalNorm, hasLogitsBias } = VARIANTS[modelType];
    fields.requireSupported('is_encoder_decoder', [true]);
    const hiddenSize = fields.count('d_model', 1024);
    const sourceVocabSize = fields.count('vocab_size', defaults.vocabSize);
    const isTied = fields.boolean('tie_word_embeddings', true);
    const hasOneVocabulary = modelType !== 'marian' || fields.boolean('share_encoder_decoder_embeddings', true);
    const padTokenId = fields.tokenIds('pad_token_id')[0] ?? defaults.padTokenId;
    return finishEncoderDecoderConfig(fields, {
      modelType,
      vocabSize: hasOneVocabulary ? sourceVocabSize : fields.count('decoder_vocab_size', sourceVocabSize),
      sourceVocabSize,
      hiddenSize,
      encoder: parseStack(fields, 'encoder', hiddenSize),
      decoder: parseStack(fields, 'decoder', hiddenSize),
      maxPositions: fields.count('max_position_embeddings', 1024),
      positions: positionsOf(modelType, hiddenSize, padTokenId),
      embeddingScale: fields.boolean('scale_embedding', defaults.scalesEmbedding) ? Math.sqrt(hiddenSize) : 1,
      hasEmbeddingNorm,
      norm: { kind: 'layerNorm', epsilon: 1e-5 },
      normPlacement,
      hasFinalNorm,
      activation: parseActivation(fields, 'activation_function', defaults.activation),
      isMlpGated: false,
      hasBiases: true,
      isEmbeddingShared: hasOneVocabulary && isTied,
      isTied,
      logitsScale: 1,
      hasLogitsBias,
      padTokenId,
      decoderStartTokenId: idOf(fields, 'decoder_start_token_id', defaults.decoderStartTokenId),
      bosTokenId: idOf(fields, 'bos_token_id', defaults.bosTokenId),
      eosTokenIds: fields.keys.includes('eos_token_id') ? fields.tokenIds('eos_token_id') : [defaults.eosTokenId],
    });
  },

  naming(config) {
    return {
      optionalPrefix: 'model.',
      names: namesOf(config),
      aliases: aliasesOf(config),
      rows: new Set(['logits.bias']),
      transposed: new Set(),
      ignored: [
        ...(config.isTied ? [/^lm_head\.weight$/] : [/^(model\.)?shared\.weight$/]),
        ...(config.isEmbeddingShared
          ? [/^(model\.)?(shared|encoder\.embed_tokens|decoder\.embed_tokens)\.weight$/]
          : []),
        ...(config.positions.kind === 'sinusoidal' ? [/(^|\.)embed_positions\.weights?$/] : []),
        /(^|\.)(encoder|decoder)\.version$/,
      ],
    };
  },

  writeConfig(config) {
    const { encoder, decoder, eosTokenIds } = config;
    const modelType = config.modelType as ModelType;
    return {
      architectures: [VARIANTS[modelType].className],
      model_type: modelType,
      is_encoder_decoder: true,
      tie_word_embeddings: config.isTied,
      vocab_size: config.sourceVocabSize,
      ...(modelType === 'marian'
        ? {
            share_encoder_decoder_embeddings: config.isEmbeddingShared || !config.isTied,
            decoder_vocab_size: config.vocabSize,
          }
        : {}),
      d_model: config.hiddenSize,
      encoder_layers: encoder.numLayers,
      encoder_attention_heads: encoder.numHeads,
      encoder_ffn_dim: encoder.intermediateSize,
      decoder_layers: decoder.numLayers,
      decoder_attention_heads: decoder.numHeads,
      decoder_ffn_dim: decoder.intermediateSize,
      max_position_embeddings: config.maxPositions,
      activation_function: activationName(config.activation),
      scale_embedding: config.embeddingScale !== 1,
      pad_token_id: config.padTokenId,
      bos_token_id: config.bosTokenId ?? null,
      eos_token_id: eosTokenIds.length > 1 ? eosTokenIds : (eosTokenIds[0] ?? null),
      decoder_start_token_id: config.decoderStartTokenId ?? null,
    };
  },
};

function parseStack(fields: JsonFields, side: 'encoder' | 'decoder', hiddenSize: number): StackConfig {
  const numHeads = fields.count(`${side}_attention_heads`, 16);
  return {
    numLayers: fields.count(`${side}_layers`, 12),
    numHeads,
    headSize: hiddenSize / numHeads,
    intermediateSize: fields.count(`${side}_ffn_dim`, 4096),
    attentionScale: 1 / Math.sqrt(hiddenSize / numHeads),
  };
}

/** M2M-100 counts positions from behind the padding token on, with tensor2tensor's frequencies. */
function positionsOf(modelType: ModelType, hiddenSize: number, padTokenId: number): AbsolutePositions {
  if (modelType === 'marian') return { kind: 'sinusoidal', offset: 0, period: hiddenSize / 2 };
  if (modelType === 'm2m_100') return { kind: 'sinusoidal', offset: padTokenId + 1, period: hiddenSize / 2 - 1 };
  return { kind: 'learned', offset: 2 };
}

const SHARED_TABLE = 'model.shared.weight';
const ENCODER_TABLE = 'model.encoder.embed_tokens.weight';
const DECODER_TABLE = 'model.decoder.embed_tokens.weight';

/** A file may hold one table under any of its names. */
function aliasesOf({ isEmbeddingShared, isTied }: EncoderDecoderConfig): NonNullable<Naming['aliases']> {
  if (isEmbeddingShared) return { 'tokenEmbedding.weight': [DECODER_TABLE, ENCODER_TABLE, 'lm_head.weight'] };
  if (isTied) return { 'tokenEmbedding.weight': ['lm_head.weight'] };
  return {
    ...{ 'tokenEmbedding.weight': [SHARED_TABLE], 'sourceEmbedding.weight': [SHARED_TABLE] },
    'head.weight': [DECODER_TABLE, SHARED_TABLE],
  };
}

function namesOf({ isEmbeddingShared }: EncoderDecoderConfig): Naming['names'] {
  const names: Record<string, string> = {
    'tokenEmbedding.weight': isEmbeddingShared ? SHARED_TABLE : DECODER_TABLE,
    'sourceEmbedding.weight': ENCODER_TABLE,
    'head.weight': 'lm_head.weight',
    'logits.bias': 'final_logits_bias',
  };
  const both = (path: string, name: string) => {
    for (const part of ['weight', 'bias']) names[`${path}.${part}`] = `model.${name}.${part}`;
  };
  for (const side of ['encoder', 'decoder']) {
    names[`${side}.positionEmbedding.weight`] = `model.${side}.embed_positions.weight`;
    both(`${side}.embeddingNorm`, `${side}.layernorm_embedding`);
    both(`${side}.finalNorm`, `${side}.layer_norm`);
    for (const [ours, theirs] of LAYER_NAMES) both(`${side}.layers.{}.${ours}`, `${side}.layers.{}.${theirs}`);
  }
  return names;
}

const LAYER_NAMES: readonly (readonly [string, string])[] = [
  ...[
    ['attention', 'self_attn'],
    ['crossAttention', 'encoder_attn'],
  ].flatMap(([ours, theirs]) => [
    [`${ours}.query`, `${theirs}.q_proj`] as const,
    [`${ours}.key`, `${theirs}.k_proj`] as const,
    [`${ours}.value`, `${theirs}.v_proj`] as const,
    [`${ours}.output`, `${theirs}.out_proj`] as const,
    [`${ours}Norm`, `${theirs}_layer_norm`] as const,
  ]),
  ['mlp.up', 'fc1'],
  ['mlp.down', 'fc2'],
  ['mlpNorm', 'final_layer_norm'],
];
