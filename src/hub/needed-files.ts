import { parseShardIndex } from '../formats/sharded-safetensors.ts';
import { neededTokenizerFiles } from '../tokenizers/tokenizer-file-names.ts';

/** What is read of a model besides its weights and its tokenizer, where it has it. */
const SMALL_FILES = ['config.json', 'generation_config.json', 'chat_template.jinja'];

export const SHARD_INDEX = 'model.safetensors.index.json';
const WHOLE = 'model.safetensors';

/** The files to download before the weights, of those that a model has. */
export function smallFiles(names: readonly string[]): readonly string[] {
  const small = [...SMALL_FILES, ...neededTokenizerFiles(names)];
  const needed = names.includes(WHOLE) ? small : [...small, SHARD_INDEX];
  return needed.filter((name) => names.includes(name));
}

/**
 * The files with the weights: one, or the shards that the index names. `index` is its text.
 * Throws an `Error` if there are none, or some are missing.
 */
export function weightFiles(names: readonly string[], index: string | undefined, model: string): readonly string[] {
  if (names.includes(WHOLE)) return [WHOLE];
  if (index === undefined) {
    const others = names.filter((name) => /\.(bin|pth?|onnx|h5|msgpack|safetensors)$/.test(name));
    const found = others.length > 0 ? `, but ${others.slice(0, 5).join(', ')}` : '';
    throw new Error(`Cannot download ${model}: it has neither ${WHOLE} nor ${SHARD_INDEX}${found}`);
  }
  const shards = [...new Set(parseShardIndex(index, `${SHARD_INDEX} of ${model}`).values())];
  const missing = shards.filter((shard) => !names.includes(shard));
  if (missing.length === 0) return shards;
  throw new Error(
    `Cannot download ${model}: its index names ${missing.slice(0, 20).join(', ')}, which it does not have`,
  );
}
