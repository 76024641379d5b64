// The model of normal forms: what it is, and how it is trained.

/** The folder in models/. */
export const NAME = 'normal-forms';

/** Beside what follows from the tokenizer: norms before each sublayer, sinusoidal positions, one table of embeddings. */
export const CONFIG = {
  architectures: ['M2M100ForConditionalGeneration'],
  model_type: 'm2m_100',
  is_encoder_decoder: true,
  d_model: 128,
  encoder_layers: 2,
  encoder_attention_heads: 4,
  encoder_ffn_dim: 256,
  decoder_layers: 2,
  decoder_attention_heads: 4,
  decoder_ffn_dim: 256,
  max_position_embeddings: 128,
  activation_function: 'relu',
  scale_embedding: true,
};

/**
 * @typedef {object} Stage
 * @property {number} firstPair no pair comes in two stages
 * @property {number} numPairs about as many as come in its steps
 * @property {number} steps
 * @property {number} learningRate the highest
 */

/** How it is trained: one stage after the other, each with a warm-up and a fall of its own. @type {readonly Stage[]} */
export const STAGES = [
  { firstPair: 0, numPairs: 220_000, steps: 4500, learningRate: 2.5e-3 },
  { firstPair: 220_000, numPairs: 172_000, steps: 3500, learningRate: 1.5e-3 },
];

export const WARMUP_STEPS = 200;

/** Tokens of a batch, sources and targets together. */
export const BATCH_TOKENS = 1000;

/** What decoding does unless told otherwise. */
export const GENERATION_CONFIG = { num_beams: 4, max_new_tokens: 32 };
