import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { randomTensor } from './random-tensor.mjs';
import { configOf, GPT2_124M, tensorsOf } from './shapes.mjs';
import { tokenizerJson } from './tokenizer.mjs';

export const SEED = 20_190_214;
export const CACHE_FOLDER = fileURLToPath(new URL('.cache/', import.meta.url));

const BYTES = { F32: 4, BF16: 2, F16: 2 };
const TORCH_DTYPE = { F32: 'float32', BF16: 'bfloat16', F16: 'float16' };

/**
 * Makes a Hugging Face folder with a random checkpoint of `shape` under `bench/.cache`, unless it is there, and returns its
 * path. `dtype` is `F32`, `BF16` or `F16`; the three hold the same model, rounded.
 */
export async function ensureCheckpoint(shape = GPT2_124M, dtype = 'F32') {
  const { architecture, layers, channels, vocabulary } = shape;
  const folder = join(CACHE_FOLDER, `${architecture}-${layers}x${channels}-${vocabulary}-${dtype.toLowerCase()}`);
  if (existsSync(join(folder, 'model.safetensors'))) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const end = vocabulary - 1;
  writeJson(folder, 'config.json', { ...configOf(shape), torch_dtype: TORCH_DTYPE[dtype] });
  writeJson(folder, 'generation_config.json', { bos_token_id: end, eos_token_id: end });
  writeJson(folder, 'tokenizer.json', tokenizerJson(vocabulary));
  writeJson(folder, 'tokenizer_config.json', {
    bos_token: '<|endoftext|>',
    eos_token: '<|endoftext|>',
    model_max_length: shape.context,
    tokenizer_class: 'PreTrainedTokenizerFast',
  });
  // Under its final name only when it is whole, so that an interrupted run leaves nothing that looks usable.
  await writeSafetensors(join(folder, 'model.partial'), tensorsOf(shape), dtype);
  await rename(join(folder, 'model.partial'), join(folder, 'model.safetensors'));
  return folder;
}

async function writeSafetensors(path, specs, dtype) {
  const file = await open(path, 'w');
  try {
    await file.write(safetensorsHeader(specs, dtype));
    for (const spec of specs) {
      for (const chunk of randomTensor(spec, dtype, SEED)) {
        await file.write(new Uint8Array(chunk.buffer, 0, chunk.byteLength));
      }
    }
  } finally {
    await file.close();
  }
}

/** Eight bytes of length, then JSON padded with spaces so that the tensors start at a multiple of eight. */
function safetensorsHeader(specs, dtype) {
  const header = { __metadata__: { format: 'pt' } };
  let offset = 0;
  for (const { name, shape } of specs) {
    const end = offset + shape.reduce((product, size) => product * size, BYTES[dtype]);
    header[name] = { dtype, shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = JSON.stringify(header);
  const text = json.padEnd(Math.ceil(json.length / 8) * 8, ' ');
  const bytes = Buffer.alloc(8 + text.length);
  bytes.writeBigUInt64LE(BigInt(text.length), 0);
  bytes.write(text, 8, 'latin1');
  return bytes;
}

function writeJson(folder, name, value) {
  writeFileSync(join(folder, name), `${JSON.stringify(value, undefined, 2)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const dtype of process.argv.length > 2 ? process.argv.slice(2) : ['F32']) {
    const start = performance.now();
    const folder = await ensureCheckpoint(GPT2_124M, dtype.toUpperCase());
    console.log(`${folder} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  }
}
