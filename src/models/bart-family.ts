import type { AbsolutePositions, EncoderDecoderConfig, StackConfig } from '../config/encoder-decoder-config.ts';
import type { JsonFields } from '../config/json-fields.ts';
import { type Architecture, activationName, MAX_LAYERS, parseActivation } from './architecture.ts';
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
 * stored too, with sinusoidal ones. The output projection is the target's embedding.
 */
export const bartFamily: Architecture<EncoderDecoderConfig> = {
  modelTypes: MODEL_TYPES,

  parseConfig(fields) {
    const modelType = fields.oneOf('model_type', MODEL_TYPES);
    const { defaults, normPlacement, hasEmbeddingNorm, hasFinalNorm, hasLogitsBias } = VARIANTS[modelType];
    fields.requireSupported('tie_word_embeddings', [true]);
    fields.requireSupported('is_encoder_decoder', [true]);
    const hiddenSize = fields.count('d_model', 1024);
    const sourceVocabSize = fields.count('vocab_size', defaults.vocabSize);
    const isEmbeddingShared = modelType !== 'marian' || fields.boolean('share_encoder_decoder_embeddings', true);
    const padTokenId = fields.tokenIds('pad_token_id')[0] ?? defaults.padTokenId;
    return finish(fields, {
      modelType,
      vocabSize: isEmbeddingShared ? sourceVocabSize : fields.count('decoder_vocab_size', sourceVocabSize),
      sourceVocabSize,
      hiddenSize,
      encoder: parseStack(fields, 'encoder', hiddenSize),
      decoder: parseStack(fields, 'decoder', hiddenSize),
      maxPositions: fields.count('max_position_embeddings', 1024),
      positions: positionsOf(modelType, hiddenSize, padTokenId),
      embeddingScale: fields.boolean('scale_embedding', defaults.scalesEmbedding) ? Math.sqrt(hiddenSize) : 1,
      hasEmbeddingNorm,
      normEpsilon: 1e-5,
      normPlacement,
      hasFinalNorm,
      activation: parseActivation(fields, 'activation_function', defaults.activation),
      isEmbeddingShared,
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
      aliases: config.isEmbeddingShared
        ? { 'tokenEmbedding.weight': [DECODER_TABLE, ENCODER_TABLE, 'lm_head.weight'] }
        : { 'tokenEmbedding.weight': ['lm_head.weight'] },
      rows: new Set(['logits.bias']),
      transposed: new Set(),
      ignored: [
        /^lm_head\.weight$/,
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
      tie_word_embeddings: true,
      vocab_size: config.sourceVocabSize,
      ...(modelType === 'marian'
        ? { share_encoder_decoder_embeddings: config.isEmbeddingShared, decoder_vocab_size: config.vocabSize }
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
  };
}

/** M2M-100 counts positions from behind the padding token on, with tensor2tensor's frequencies. */
function positionsOf(modelType: ModelType, hiddenSize: number, padTokenId: number): AbsolutePositions {
  if (modelType === 'marian') return { kind: 'sinusoidal', offset: 0, period: hiddenSize / 2 };
  if (modelType === 'm2m_100') return { kind: 'sinusoidal', offset: padTokenId + 1, period: hiddenSize / 2 - 1 };
  return { kind: 'learned', offset: 2 };
}

/** A token id that null leaves out. */
function idOf(fields: JsonFields, name: string, fallback: number | undefined): number | undefined {
  return fields.keys.includes(name) ? fields.tokenIds(name)[0] : fallback;
}

function finish(fields: JsonFields, config: EncoderDecoderConfig): EncoderDecoderConfig {
  const fail = (problem: string): never => {
    throw new RangeError(`Cannot read ${fields.location}: ${problem}`);
  };
  fields.requireSupported('quantization_config', []);
  const { hiddenSize, positions, vocabSize } = config;
  for (const side of ['encoder', 'decoder'] as const) {
    const { numLayers, numHeads, headSize } = config[side];
    if (numLayers > MAX_LAYERS) fail(`${numLayers} ${side} layers, at most ${MAX_LAYERS} are supported`);
    if (!Number.isInteger(headSize))
      fail(`hidden size ${hiddenSize} does not divide into ${numHeads} heads of the ${side}`);
  }
  if (positions.kind === 'sinusoidal' && (hiddenSize % 2 !== 0 || hiddenSize < 4))
    fail(`hidden size ${hiddenSize} does not divide into sines and cosines`);
  const ids = { decoder_start_token_id: config.decoderStartTokenId, bos_token_id: config.bosTokenId };
  for (const [name, id] of Object.entries(ids))
    if (id !== undefined && id >= vocabSize) fail(`"${name}" is ${id}, wanted below ${vocabSize}`);
  return Object.freeze(config);
}

const ENCODER_TABLE = 'model.encoder.embed_tokens.weight';
const DECODER_TABLE = 'model.decoder.embed_tokens.weight';

function namesOf({ isEmbeddingShared }: EncoderDecoderConfig): Naming['names'] {
  const names: Record<string, string> = {
    'tokenEmbedding.weight': isEmbeddingShared ? 'model.shared.weight' : DECODER_TABLE,
    'sourceEmbedding.weight': ENCODER_TABLE,
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
