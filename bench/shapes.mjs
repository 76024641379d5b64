/**
 * The shapes the benchmark runs: GPT-2 124M (Radford et al. 2019) and a Llama of 260K parameters, small enough that what
 * is measured is the cost of each operation rather than its work; a small GPT-2 that drafts for the large one, and a tiny
 * one for where only the cache's blocks count.
 */

export const GPT2_124M = {
  architecture: 'gpt2',
  vocabulary: 50_257,
  context: 1024,
  layers: 12,
  heads: 12,
  kvHeads: 12,
  channels: 768,
  hidden: 3072,
};

export const GPT2_DRAFT = { ...GPT2_124M, layers: 2, heads: 4, kvHeads: 4, channels: 256, hidden: 1024 };

export const GPT2_TINY = { ...GPT2_124M, vocabulary: 512, layers: 1, heads: 2, kvHeads: 2, channels: 32, hidden: 128 };

export const LLAMA_260K = {
  architecture: 'llama',
  vocabulary: 512,
  context: 512,
  layers: 5,
  heads: 8,
  kvHeads: 4,
  channels: 64,
  hidden: 172,
};

/** @typedef {{ name: string, shape: number[], kind: 'normal' | 'ones' | 'zeros', std?: number, isConv1D?: boolean }} TensorSpec */

/** Every tensor of the checkpoint under its Hugging Face name, with the initialisation of the published code. */
export function tensorsOf(shape) {
  return shape.architecture === 'gpt2' ? gpt2Tensors(shape) : llamaTensors(shape);
}

/** @returns {TensorSpec[]} */
function gpt2Tensors({ vocabulary, context, layers, channels, hidden }) {
  const std = 0.02;
  const residualStd = std / Math.sqrt(2 * layers);
  const norm = (name) => [
    { name: `${name}.weight`, shape: [channels], kind: 'ones' },
    { name: `${name}.bias`, shape: [channels], kind: 'zeros' },
  ];
  // Conv1D keeps its weight as (inputs, outputs).
  const conv1D = (name, inputs, outputs, std) => [
    { name: `${name}.weight`, shape: [inputs, outputs], kind: 'normal', std, isConv1D: true },
    { name: `${name}.bias`, shape: [outputs], kind: 'zeros' },
  ];
  const layer = (i) => [
    ...norm(`h.${i}.ln_1`),
    ...conv1D(`h.${i}.attn.c_attn`, channels, 3 * channels, std),
    ...conv1D(`h.${i}.attn.c_proj`, channels, channels, residualStd),
    ...norm(`h.${i}.ln_2`),
    ...conv1D(`h.${i}.mlp.c_fc`, channels, hidden, std),
    ...conv1D(`h.${i}.mlp.c_proj`, hidden, channels, residualStd),
  ];
  return [
    { name: 'wte.weight', shape: [vocabulary, channels], kind: 'normal', std },
    { name: 'wpe.weight', shape: [context, channels], kind: 'normal', std },
    ...Array.from({ length: layers }, (_, i) => layer(i)).flat(),
    ...norm('ln_f'),
  ];
}

/** @returns {TensorSpec[]} */
function llamaTensors({ vocabulary, layers, heads, kvHeads, channels, hidden }) {
  const headSize = channels / heads;
  const linear = (name, outputs, inputs) => ({
    name: `${name}.weight`,
    shape: [outputs, inputs],
    kind: 'normal',
    std: 0.02,
  });
  const norm = (name) => ({ name: `${name}.weight`, shape: [channels], kind: 'ones' });
  const layer = (prefix) => [
    norm(`${prefix}.input_layernorm`),
    linear(`${prefix}.self_attn.q_proj`, heads * headSize, channels),
    linear(`${prefix}.self_attn.k_proj`, kvHeads * headSize, channels),
    linear(`${prefix}.self_attn.v_proj`, kvHeads * headSize, channels),
    linear(`${prefix}.self_attn.o_proj`, channels, heads * headSize),
    norm(`${prefix}.post_attention_layernorm`),
    linear(`${prefix}.mlp.gate_proj`, hidden, channels),
    linear(`${prefix}.mlp.up_proj`, hidden, channels),
    linear(`${prefix}.mlp.down_proj`, channels, hidden),
  ];
  return [
    linear('model.embed_tokens', vocabulary, channels),
    ...Array.from({ length: layers }, (_, i) => layer(`model.layers.${i}`)).flat(),
    norm('model.norm'),
  ];
}

/** The contents of config.json. */
export function configOf(shape) {
  return shape.architecture === 'gpt2' ? gpt2Config(shape) : llamaConfig(shape);
}

function gpt2Config({ vocabulary, context, layers, heads, channels, hidden }) {
  return {
    architectures: ['GPT2LMHeadModel'],
    model_type: 'gpt2',
    activation_function: 'gelu_new',
    attn_pdrop: 0.1,
    bos_token_id: vocabulary - 1,
    embd_pdrop: 0.1,
    eos_token_id: vocabulary - 1,
    initializer_range: 0.02,
    layer_norm_epsilon: 1e-5,
    n_ctx: context,
    n_embd: channels,
    n_head: heads,
    n_inner: hidden,
    n_layer: layers,
    n_positions: context,
    resid_pdrop: 0.1,
    vocab_size: vocabulary,
  };
}

function llamaConfig({ vocabulary, context, layers, heads, kvHeads, channels, hidden }) {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    bos_token_id: vocabulary - 1,
    eos_token_id: vocabulary - 1,
    hidden_act: 'silu',
    hidden_size: channels,
    initializer_range: 0.02,
    intermediate_size: hidden,
    max_position_embeddings: context,
    num_attention_heads: heads,
    num_hidden_layers: layers,
    num_key_value_heads: kvHeads,
    rms_norm_eps: 1e-5,
    rope_theta: 10_000,
    tie_word_embeddings: true,
    vocab_size: vocabulary,
  };
}
