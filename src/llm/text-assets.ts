import { platform } from '#platform';
import { type GenerationDefaults, readGenerationConfig } from '../config/generation-options.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { isGgufModel } from '../formats/gguf/open-gguf.ts';
import { type ChatTemplate, loadChatTemplate } from '../tokenizers/chat-template.ts';
import { loadGgufChatTemplate } from '../tokenizers/gguf/load-gguf-tokenizer.ts';
import { loadTokenizer } from '../tokenizers/load-tokenizer.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** What a model's folder holds beside the weights. */
export interface TextAssets {
  readonly tokenizer: Tokenizer | undefined;
  readonly chatTemplate: ChatTemplate | undefined;
  readonly defaults: GenerationDefaults;
}

/** Reads the tokenizer, the chat template and generation_config.json of a model's folder, or what a GGUF file has of them. */
export async function loadTextAssets(
  folder: string,
  config: ModelConfig,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<TextAssets> {
  if (await isGgufModel(folder)) return loadGgufAssets(folder, config, options);
  const location = platform.join(folder, 'generation_config.json');
  const [tokenizer, chatTemplate, generationConfig] = await Promise.all([
    loadTokenizer(folder, options),
    loadChatTemplate(folder, options),
    platform.readText(location, options),
  ]);
  const defaults = generationConfig === undefined ? defaultsOf(config) : parseDefaults(location, generationConfig);
  return { tokenizer, chatTemplate, defaults };
}

async function loadGgufAssets(
  location: string,
  config: ModelConfig,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<TextAssets> {
  const [tokenizer, chatTemplate] = await Promise.all([
    loadTokenizer(location, options),
    loadGgufChatTemplate(location, options),
  ]);
  return { tokenizer, chatTemplate, defaults: defaultsOf(config) };
}

/** What a model's own configuration says of generation, where it has no generation_config.json. */
export function defaultsOf({ bosTokenId, eosTokenIds }: ModelConfig): GenerationDefaults {
  return readGenerationConfig({ bos_token_id: bosTokenId, eos_token_id: eosTokenIds.length > 0 ? eosTokenIds : null });
}

function parseDefaults(location: string, text: string): GenerationDefaults {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(`Cannot read ${location}: not valid JSON (${(error as Error).message})`);
  }
  return readGenerationConfig(json);
}
