import { platform } from '#platform';
import { isGgufModel } from '../formats/gguf/open-gguf.ts';
import { loadGgufTokenizer } from './gguf/load-gguf-tokenizer.ts';
import { HuggingFaceTokenizer } from './hugging-face-tokenizer.ts';
import type { Tokenizer } from './tokenizer.ts';

/** The files of other tokenizer formats, which say that a folder has a tokenizer after all. */
const OTHER_FORMATS = ['tokenizer.model', 'vocab.json', 'vocab.txt', 'spiece.model'];

/**
 * The tokenizer of a model's folder, tokenizer.json with tokenizer_config.json, or of a GGUF file; undefined if it has none.
 * Throws an `Error` if it has one in another format only.
 */
export async function loadTokenizer(
  folder: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Tokenizer | undefined> {
  if (await isGgufModel(folder)) return loadGgufTokenizer(folder, options);
  const location = platform.join(folder, 'tokenizer.json');
  const text = await platform.readText(location, options);
  if (text !== undefined) {
    const config = await platform.readText(platform.join(folder, 'tokenizer_config.json'), options);
    return new HuggingFaceTokenizer(text, config, location);
  }
  for (const name of OTHER_FORMATS) {
    if (await platform.isFile(platform.join(folder, name))) {
      throw new Error(
        `Cannot load the tokenizer of ${folder}: it has ${name}, wanted tokenizer.json ` +
          '(in Python: AutoTokenizer.from_pretrained(folder).save_pretrained(folder) writes it)',
      );
    }
  }
  return undefined;
}
