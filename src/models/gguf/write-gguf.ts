import { platform } from '#platform';
import { blocksOfScheme } from '../../formats/gguf/blocks-of-codes.ts';
import type { TypedMetadata } from '../../formats/gguf/encode-gguf.ts';
import { WRITTEN_BLOCK_TYPES } from '../../formats/gguf/quantize-blocks.ts';
import { writeGgufFile } from '../../formats/gguf/write-gguf-file.ts';
import { tokenizerMetadata } from '../../tokenizers/gguf/tokenizer-metadata.ts';
import { describeModel } from '../load-model.ts';
import { openModelWeights } from '../open-model-weights.ts';
import { configMetadata } from './config-metadata.ts';
import { type GgufDType, type GgufModel, ggufTensors, readerOfFile } from './gguf-tensors.ts';

/** How to write a GGUF file. */
export interface WriteGgufOptions {
  /** Of the matrices; float32 unless given. Those whose rows are no whole blocks become float16. */
  readonly dtype?: GgufDType | undefined;
  /** `general.name`; none unless given. */
  readonly name?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** `general.file_type`, llama.cpp's number for what most tensors are. */
const FILE_TYPES: { readonly [Name in GgufDType]: number } = {
  float32: 0,
  float16: 1,
  bfloat16: 32,
  q4_0: 2,
  q4_1: 3,
  q5_0: 8,
  q5_1: 9,
  q8_0: 7,
};

/**
 * Writes a model's Hugging Face folder as one GGUF file, weights rounded to the nearest, with its tokenizer and chat template: what
 * llama.cpp and `LLM.load` read. The file is written whole or not at all. Throws a `TypeError` for an unknown type, a `RangeError` for a
 * configuration or tokenizer that GGUF cannot say, and an `Error` for a folder that cannot be read or a file that cannot be written.
 *
 * @example
 * await writeGguf('path/to/folder', 'model-q8_0.gguf', { dtype: 'q8_0' });
 */
export async function writeGguf(folder: string, location: string, options: WriteGgufOptions = {}): Promise<void> {
  checkDType(location, options);
  const description = await describeModel(folder);
  configMetadata(description.config); // refuses what GGUF cannot say, before anything is opened
  const source = await openModelWeights(folder, { signal: options.signal });
  try {
    const read = readerOfFile(source, description);
    await writeGgufModel({ config: description.config, read }, folder, location, options);
  } finally {
    await source.close();
  }
}

/** `writeGguf` of a model that is read from anywhere; the tokenizer is that of a folder, if one is given. */
export async function writeGgufModel(
  model: GgufModel,
  tokenizerFolder: string | undefined,
  location: string,
  options: WriteGgufOptions,
): Promise<void> {
  checkDType(location, options);
  const { dtype = 'float32', name, signal } = options;
  const config = configMetadata(model.config);
  const metadata: TypedMetadata = {
    ...config,
    ...(name === undefined ? {} : { 'general.name': { type: 'string', value: name } }),
    'general.file_type': { type: 'uint32', value: fileTypeOf(model, dtype) },
    'general.quantization_version': { type: 'uint32', value: 2 },
    ...(await readTokenizer(tokenizerFolder, model.config.vocabSize)),
  };
  const isWoven = 'llama.block_count' in config;
  await writeGgufFile(location, metadata, ggufTensors(model, { dtype, isWoven }), { signal });
}

function checkDType(location: string, { dtype = 'float32' }: WriteGgufOptions): void {
  const known = ['float32', 'float16', 'bfloat16', ...WRITTEN_BLOCK_TYPES];
  if (!known.includes(dtype))
    throw new TypeError(`Cannot write ${location}: dtype is ${JSON.stringify(dtype)}, known: ${known.join(', ')}`);
}

/** What most matrices are. */
function fileTypeOf({ matrices }: GgufModel, dtype: GgufDType): number {
  const counts = new Map<GgufDType, number>();
  for (const { scheme } of matrices?.values() ?? []) {
    const type = blocksOfScheme(scheme);
    if (type !== undefined) counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  return FILE_TYPES[most?.[0] ?? dtype];
}

/** A folder without a tokenizer gives a file without one, which says so. */
async function readTokenizer(folder: string | undefined, vocabSize: number): Promise<TypedMetadata> {
  const read = async (name: string) =>
    folder === undefined ? undefined : platform.readText(platform.join(folder, name));
  const tokenizer = await read('tokenizer.json');
  if (folder === undefined || tokenizer === undefined)
    return { 'tokenizer.ggml.model': { type: 'string', value: 'none' } };
  const [config, chatTemplate] = await Promise.all([read('tokenizer_config.json'), read('chat_template.jinja')]);
  return tokenizerMetadata({ location: folder, tokenizer, config, chatTemplate }, vocabSize);
}
