import { JsonFields } from '../../config/json-fields.ts';
import type { GgufFile } from '../../formats/gguf/open-gguf.ts';
import { readFloat32, type WeightSource } from '../../formats/weight-source.ts';
import { FREQUENCY_FACTORS } from './gguf-naming.ts';

/** Fields of a config.json. */
type ConfigFields = Record<string, unknown>;

/** The metadata of a GGUF file, read by name. */
function metadataFields({ location, values }: GgufFile): JsonFields {
  return new JsonFields(location, Object.fromEntries(values));
}

/**
 * What a GGUF file says of its model, in the words of Hugging Face's config.json, whose parsers check it. Throws a `RangeError`
 * for an architecture that Kvasir does not read from GGUF (it lists the known ones) and for values that cannot be.
 */
export async function configFields(file: GgufFile): Promise<JsonFields> {
  const fields = metadataFields(file);
  const architecture = fields.oneOf('general.architecture', GGUF_ARCHITECTURES);
  const common = {
    model_type: architecture,
    vocab_size: vocabSize(file),
    tie_word_embeddings: !file.tensors.has('output.weight'),
    bos_token_id: tokenId(fields, 'bos'),
    eos_token_id: endTokens(fields),
  };
  const own = architecture === 'gpt2' ? gpt2Fields(fields) : await llamaFields(fields, architecture, file);
  return new JsonFields(file.location, { ...common, ...own });
}

/** Values of `general.architecture`. Mistral's is `llama`. */
const GGUF_ARCHITECTURES = ['gpt2', 'llama', 'qwen2', 'qwen3'] as const;

function vocabSize({ tensors, location }: WeightSource): number {
  const rows = tensors.get('token_embd.weight')?.shape[0];
  if (rows !== undefined) return rows;
  throw new Error(`Cannot load the model in ${location}: it has no tensor "token_embd.weight"`);
}

function tokenId(fields: JsonFields, role: string): number | undefined {
  return fields.tokenIds(`tokenizer.ggml.${role}_token_id`)[0];
}

/** The end of a text, and of a turn, where that is another token. */
function endTokens(fields: JsonFields): number[] {
  const ids = ['eos', 'eot'].map((role) => tokenId(fields, role)).filter((id) => id !== undefined);
  return [...new Set(ids)];
}

function gpt2Fields(fields: JsonFields): ConfigFields {
  return {
    n_embd: fields.count('gpt2.embedding_length'),
    n_layer: fields.count('gpt2.block_count'),
    n_head: fields.count('gpt2.attention.head_count'),
    n_inner: fields.count('gpt2.feed_forward_length'),
    n_positions: fields.count('gpt2.context_length'),
    layer_norm_epsilon: fields.positive('gpt2.attention.layer_norm_epsilon'),
  };
}

async function llamaFields(fields: JsonFields, architecture: string, file: WeightSource): Promise<ConfigFields> {
  const { tensors } = file;
  const key = (name: string) => `${architecture}.${name}`;
  const hiddenSize = fields.count(key('embedding_length'));
  const numHeads = fields.count(key('attention.head_count'));
  const headSize = fields.count(key('attention.key_length'), hiddenSize / numHeads);
  fields.requireSupported(key('attention.value_length'), [headSize]);
  fields.requireSupported(key('rope.dimension_count'), [headSize]);
  fields.requireSupported(key('expert_count'), [0]);
  return {
    hidden_size: hiddenSize,
    num_hidden_layers: fields.count(key('block_count')),
    num_attention_heads: numHeads,
    num_key_value_heads: fields.count(key('attention.head_count_kv'), numHeads),
    head_dim: headSize,
    intermediate_size: fields.count(key('feed_forward_length')),
    max_position_embeddings: fields.count(key('context_length')),
    rms_norm_eps: fields.positive(key('attention.layer_norm_rms_epsilon')),
    rope_theta: fields.positive(key('rope.freq_base'), 10_000),
    rope_scaling: await ropeScaling(fields, key, file),
    attention_bias: tensors.has('blk.0.attn_output.bias'),
    mlp_bias: tensors.has('blk.0.ffn_down.bias'),
  };
}

async function ropeScaling(
  fields: JsonFields,
  key: (name: string) => string,
  file: WeightSource,
): Promise<ConfigFields | null> {
  const type = fields.oneOf(key('rope.scaling.type'), ['none', 'linear', 'yarn'], 'none');
  const factors = await frequencyFactors(file);
  if (factors !== null && type !== 'none')
    throw new RangeError(
      `Cannot read ${file.location}: it has "${FREQUENCY_FACTORS}" and rotary scaling ${type}, wanted one of both`,
    );
  if (type === 'none') return factors;
  const factor = fields.positive(key('rope.scaling.factor'));
  if (type === 'linear') return { rope_type: type, factor };
  const original = fields.count(key('rope.scaling.original_context_length'));
  return { rope_type: type, factor, original_max_position_embeddings: original };
}

/** Llama 3.1's scaling as llama.cpp's converter writes it: what each frequency is divided by. */
async function frequencyFactors(file: WeightSource): Promise<ConfigFields | null> {
  if (!file.tensors.has(FREQUENCY_FACTORS)) return null;
  const factors = [...(await readFloat32(file, FREQUENCY_FACTORS))];
  return { rope_type: 'longrope', short_factor: factors, long_factor: factors, attention_factor: 1 };
}
