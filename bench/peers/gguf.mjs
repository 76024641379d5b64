import { existsSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CACHE_FOLDER, SEED } from '../checkpoint.mjs';
import { randomTensorFloat32, toFloat16 } from '../random-tensor.mjs';
import { GPT2_124M, tensorsOf } from '../shapes.mjs';
import { byteLevelTokens } from '../tokenizer.mjs';

// Type numbers of the GGUF specification (ggml-org/ggml, docs/gguf.md).
const VALUE = { uint32: 4, int32: 5, float32: 6, string: 8, array: 9 };
const TENSOR_TYPE = { F32: 0, F16: 1, Q4_0: 2, Q8_0: 8 };
const FILE_TYPE = { F32: 0, F16: 1, Q4_0: 2, Q8_0: 7 };
const TOKEN_NORMAL = 1;
const TOKEN_CONTROL = 3;
const ALIGNMENT = 32;
const BLOCK = 32;
/** Of a block of 32. */
const BLOCK_BYTES = { Q4_0: 18, Q8_0: 34 };

/**
 * The benchmark's random GPT-2 as GGUF v3 under `bench/.cache`, written unless it is there; returns its path. Matrices are
 * `type` (`F32`, `F16`, `Q8_0` or `Q4_0`), vectors and positions F32, as llama.cpp's own converter has them. The same model as the
 * safetensors checkpoint.
 */
export async function ensureGguf(type, shape = GPT2_124M) {
  const path = join(
    CACHE_FOLDER,
    `gpt2-${shape.layers}x${shape.channels}-${shape.vocabulary}-${type.toLowerCase()}.gguf`,
  );
  if (existsSync(path)) return path;
  await mkdir(CACHE_FOLDER, { recursive: true });
  const tensors = tensorsOf(shape).map((spec) => ggufTensor(spec, type));
  const file = await open(`${path}.partial`, 'w');
  try {
    await file.write(header(metadata(shape, type, basename(path)), tensors));
    for (const { spec, type } of tensors) await file.write(padded(encode(values(spec), type)));
  } finally {
    await file.close();
  }
  await rename(`${path}.partial`, path);
  return path;
}

const NAMES = {
  'wte.weight': 'token_embd.weight',
  'wpe.weight': 'position_embd.weight',
  'ln_f.': 'output_norm.',
  '.ln_1.': '.attn_norm.',
  '.attn.c_attn.': '.attn_qkv.',
  '.attn.c_proj.': '.attn_output.',
  '.ln_2.': '.ffn_norm.',
  '.mlp.c_fc.': '.ffn_up.',
  '.mlp.c_proj.': '.ffn_down.',
};

function ggufTensor(spec, matrixType) {
  const part = Object.keys(NAMES).find((part) => spec.name.includes(part));
  const name = spec.name.replace(/^h\./, 'blk.').replace(part, NAMES[part]);
  const type = spec.shape.length === 1 || part === 'wpe.weight' ? 'F32' : matrixType;
  // ggml lists the dimensions innermost first, and a linear layer's weight as outputs of inputs each.
  const dimensions = spec.isConv1D ? spec.shape : [...spec.shape].reverse();
  return { spec, name, type, dimensions };
}

function values(spec) {
  const given = randomTensorFloat32(spec, SEED);
  if (!spec.isConv1D) return given;
  const [inputs, outputs] = spec.shape;
  const transposed = new Float32Array(given.length);
  for (let input = 0; input < inputs; input++)
    for (let output = 0; output < outputs; output++)
      transposed[output * inputs + input] = given[input * outputs + output];
  return transposed;
}

function encode(values, type) {
  if (type === 'F32') return Buffer.from(values.buffer);
  if (type === 'F16') return encodeF16(values);
  return type === 'Q8_0' ? encodeQ8(values) : encodeQ4(values);
}

/** A loop, for `Uint16Array.from` takes a minute for the embeddings. */
function encodeF16(values) {
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) bits[i] = toFloat16(values[i]);
  return Buffer.from(bits.buffer);
}

/** Blocks of 32: the scale max|x| / 127 as float16, then 32 signed bytes. */
function encodeQ8(values) {
  const bytes = Buffer.alloc((values.length / BLOCK) * BLOCK_BYTES.Q8_0);
  for (let start = 0, at = 0; start < values.length; start += BLOCK) {
    let most = 0;
    for (let i = start; i < start + BLOCK; i++) most = Math.max(most, Math.abs(values[i]));
    const scale = most / 127;
    at = bytes.writeUInt16LE(toFloat16(scale), at);
    const factor = scale === 0 ? 0 : 1 / scale;
    for (let i = start; i < start + BLOCK; i++) at = bytes.writeInt8(Math.round(values[i] * factor), at);
  }
  return bytes;
}

/** Blocks of 32: the number of the largest magnitude over −8 as float16, then values i and 16 + i in each of 16 bytes. */
function encodeQ4(values) {
  const bytes = Buffer.alloc((values.length / BLOCK) * BLOCK_BYTES.Q4_0);
  for (let start = 0, at = 0; start < values.length; start += BLOCK) {
    let most = 0;
    for (let i = start; i < start + BLOCK; i++) if (Math.abs(values[i]) > Math.abs(most)) most = values[i];
    const scale = most / -8;
    at = bytes.writeUInt16LE(toFloat16(scale), at);
    const factor = scale === 0 ? 0 : 1 / scale;
    const code = (i) => Math.min(15, Math.trunc(values[start + i] * factor + 8.5));
    for (let i = 0; i < BLOCK / 2; i++) at = bytes.writeUInt8(code(i) | (code(i + 16) << 4), at);
  }
  return bytes;
}

function byteLength({ spec, type }) {
  const length = spec.shape.reduce((product, size) => product * size, 1);
  if (type in BLOCK_BYTES) return (length / BLOCK) * BLOCK_BYTES[type];
  return length * (type === 'F32' ? 4 : 2);
}

function metadata(shape, type, name) {
  const { tokens, merges } = byteLevelTokens(shape.vocabulary);
  const end = shape.vocabulary - 1;
  const tokenTypes = tokens.map((_, id) => (id === end ? TOKEN_CONTROL : TOKEN_NORMAL));
  return [
    ['general.architecture', string('gpt2')],
    ['general.name', string(name)],
    ['general.file_type', uint32(FILE_TYPE[type])],
    ['gpt2.context_length', uint32(shape.context)],
    ['gpt2.embedding_length', uint32(shape.channels)],
    ['gpt2.feed_forward_length', uint32(shape.hidden)],
    ['gpt2.block_count', uint32(shape.layers)],
    ['gpt2.attention.head_count', uint32(shape.heads)],
    ['gpt2.attention.layer_norm_epsilon', float32(1e-5)],
    ['tokenizer.ggml.model', string('gpt2')],
    ['tokenizer.ggml.pre', string('gpt-2')],
    ['tokenizer.ggml.tokens', array(tokens.map(string))],
    ['tokenizer.ggml.token_type', array(tokenTypes.map(int32))],
    ['tokenizer.ggml.merges', array(merges.map((pair) => string(pair.join(' '))))],
    ['tokenizer.ggml.bos_token_id', uint32(end)],
    ['tokenizer.ggml.eos_token_id', uint32(end)],
  ];
}

function header(metadata, tensors) {
  const parts = [Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(metadata.length)];
  for (const [key, { type, bytes }] of metadata) parts.push(text(key), u32(type), bytes);
  let offset = 0;
  for (const tensor of tensors) {
    const { name, dimensions, type } = tensor;
    parts.push(text(name), u32(dimensions.length), ...dimensions.map(u64), u32(TENSOR_TYPE[type]), u64(offset));
    offset += Math.ceil(byteLength(tensor) / ALIGNMENT) * ALIGNMENT;
  }
  return padded(Buffer.concat(parts));
}

function padded(bytes) {
  return Buffer.concat([bytes, Buffer.alloc((ALIGNMENT - (bytes.length % ALIGNMENT)) % ALIGNMENT)]);
}

function string(value) {
  return { type: VALUE.string, bytes: text(value) };
}

function uint32(value) {
  return { type: VALUE.uint32, bytes: u32(value) };
}

function int32(value) {
  return { type: VALUE.int32, bytes: u32(value) };
}

function float32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return { type: VALUE.float32, bytes };
}

function array(items) {
  const bytes = Buffer.concat([u32(items[0].type), u64(items.length), ...items.map(({ bytes }) => bytes)]);
  return { type: VALUE.array, bytes };
}

function text(value) {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

function u32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
