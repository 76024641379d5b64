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

/** How it is trained. */
export const RECIPE = {
  numPairs: 392_000,
  steps: 8000,
  /** Tokens of a batch, sources and targets together. */
  batchTokens: 1000,
  learningRate: 2.5e-3,
  warmupSteps: 200,
};

/** What decoding does unless told otherwise. */
export const GENERATION_CONFIG = { num_beams: 4, max_new_tokens: 32 };
