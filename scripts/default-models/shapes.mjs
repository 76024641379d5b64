// The models that ship with Kvasir: what they are, and how they are trained.

/**
 * @typedef {object} Shape
 * @property {string} name of the folder in models/
 * @property {string} title
 * @property {Record<string, unknown>} config beside what follows from the tokenizer
 * @property {number} standardDeviation of the weights that training begins from
 * @property {readonly Stage[]} stages one after the other, each with a warm-up and a fall of its own
 */

/**
 * @typedef {object} Stage
 * @property {number} learningRate the highest
 * @property {number} steps
 * @property {number} rows of a batch, each of ROW_TOKENS tokens
 */

/** Tokens of the tokenizer that both share: the 256 bytes, the mark between texts, and 767 merges. */
export const VOCAB_SIZE = 1024;

/** The mark that a text begins and ends with. */
export const END_OF_TEXT = '<|endoftext|>';

/** Stories in a row of a batch have so many tokens together. */
export const ROW_TOKENS = 512;

const LLAMA = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_act: 'silu',
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
  max_position_embeddings: ROW_TOKENS,
  tie_word_embeddings: true,
};

/** @type {readonly Shape[]} */
export const SHAPES = [
  {
    name: 'stories',
    title: 'A small model of short stories',
    config: {
      ...LLAMA,
      hidden_size: 96,
      intermediate_size: 256,
      num_hidden_layers: 4,
      num_attention_heads: 2,
      num_key_value_heads: 2,
    },
    standardDeviation: 0.08,
    stages: [
      { learningRate: 5e-3, steps: 4500, rows: 2 },
      { learningRate: 2.5e-3, steps: 6000, rows: 3 },
      { learningRate: 1e-3, steps: 6000, rows: 4 },
      { learningRate: 5e-4, steps: 2500, rows: 8 },
    ],
  },
  {
    name: 'stories-draft',
    title: 'A smaller model with the same tokens, which drafts for it',
    config: {
      ...LLAMA,
      hidden_size: 48,
      intermediate_size: 128,
      num_hidden_layers: 2,
      num_attention_heads: 1,
      num_key_value_heads: 1,
    },
    standardDeviation: 0.1,
    stages: [{ learningRate: 6e-3, steps: 5000, rows: 3 }],
  },
];

/** What `generate` does unless told otherwise: a whole story, another one each time, without words that hardly ever come. */
export const GENERATION_CONFIG = { do_sample: true, temperature: 0.8, min_p: 0.1, max_new_tokens: 320 };
