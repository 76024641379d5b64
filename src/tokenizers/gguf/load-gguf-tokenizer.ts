import { type GgufFile, openGguf } from '../../formats/gguf/open-gguf.ts';
import { ChatTemplate } from '../chat-template.ts';
import { HuggingFaceTokenizer } from '../hugging-face-tokenizer.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { type TokenizerObjects, tokenizerObjects } from './tokenizer-files.ts';

type Options = { readonly signal?: AbortSignal | undefined };

/** The tokenizer in the metadata of a GGUF file, or undefined if it has none. Throws as `tokenizerObjects`. */
export async function loadGgufTokenizer(location: string, options: Options = {}): Promise<Tokenizer | undefined> {
  const objects = await readObjects(location, options);
  if (objects === undefined) return undefined;
  return new HuggingFaceTokenizer(JSON.stringify(objects.tokenizer), JSON.stringify(objects.config), location);
}

/** The chat template in the metadata of a GGUF file. */
export async function loadGgufChatTemplate(location: string, options: Options = {}): Promise<ChatTemplate> {
  const objects = await readObjects(location, options);
  return new ChatTemplate({ location, tokenizerConfig: JSON.stringify(objects?.config ?? {}) });
}

async function readObjects(location: string, options: Options): Promise<TokenizerObjects | undefined> {
  const file: GgufFile = await openGguf(location, options);
  try {
    return tokenizerObjects(file);
  } finally {
    await file.close();
  }
}
