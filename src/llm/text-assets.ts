import { platform } from '#platform';
import type { EncoderDecoderConfig } from '../config/encoder-decoder-config.ts';
import { type GenerationDefaults, readGenerationConfig } from '../config/generation-options.ts';
import { isGgufModel } from '../formats/gguf/open-gguf.ts';
import { type ChatTemplate, loadChatTemplate } from '../tokenizers/chat-template.ts';
import { loadGgufChatTemplate } from '../tokenizers/gguf/load-gguf-tokenizer.ts';
import { loadTokenizer } from '../tokenizers/load-tokenizer.ts';
import { loadSourceTargetTokenizer } from '../tokenizers/source-target/load-source-target-tokenizer.ts';
import type { SourceTargetTokenizer } from '../tokenizers/source-target/source-target-tokenizer.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** What a model's folder holds beside the weights. */
export interface TextAssets {
  /** Reads sources and languages, in models with an encoder; its target is `tokenizer`. */
  readonly sourceTarget?: SourceTargetTokenizer | undefined;
  readonly tokenizer: Tokenizer | undefined;
  readonly chatTemplate: ChatTemplate | undefined;
  readonly defaults: GenerationDefaults;
}

/** What every model's configuration knows of special tokens. */
interface SpecialTokens {
  readonly bosTokenId: number | undefined;
  readonly eosTokenIds: readonly number[];
}

/** Reads the tokenizer, the chat template and generation_config.json of a model's folder, or what a GGUF file has of them. */
export async function loadTextAssets(
  folder: string,
  config: SpecialTokens,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<TextAssets> {
  if (await isGgufModel(folder)) return loadGgufAssets(folder, config, options);
  const [tokenizer, chatTemplate, defaults] = await Promise.all([
    loadTokenizer(folder, options),
    loadChatTemplate(folder, options),
    loadDefaults(folder, config, options),
  ]);
  return { tokenizer, chatTemplate, defaults };
}

/** The assets of a model with an encoder, which has no chat template. */
export async function loadSourceTargetAssets(
  folder: string,
  config: SpecialTokens,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<TextAssets> {
  const [sourceTarget, settings, oldSettings] = await Promise.all([
    loadSourceTargetTokenizer(folder, options),
    readSettings(folder, 'generation_config.json', options),
    readSettings(folder, 'config.json', options),
  ]);
  const defaults = settings === undefined ? oldDefaults(config, oldSettings) : readGenerationConfig(settings);
  return { sourceTarget, tokenizer: sourceTarget?.target, chatTemplate: undefined, defaults };
}

/** What generation_config.json says, or the model's own configuration where there is none. */
async function loadDefaults(
  folder: string,
  config: SpecialTokens,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<GenerationDefaults> {
  const settings = await readSettings(folder, 'generation_config.json', options);
  return settings === undefined ? defaultsOf(config) : readGenerationConfig(settings);
}

/** What a file of a folder holds as JSON; undefined without it. */
async function readSettings(
  folder: string,
  name: string,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<unknown> {
  const location = platform.join(folder, name);
  const text = await platform.readText(location, options);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(`Cannot read ${location}: not valid JSON (${(error as Error).message})`);
  }
}

async function loadGgufAssets(
  location: string,
  config: SpecialTokens,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<TextAssets> {
  const [tokenizer, chatTemplate] = await Promise.all([
    loadTokenizer(location, options),
    loadGgufChatTemplate(location, options),
  ]);
  return { tokenizer, chatTemplate, defaults: defaultsOf(config) };
}

/** What a target begins with, as far as a model's settings say it. */
export function targetStartOf(config: EncoderDecoderConfig, defaults: GenerationDefaults): number | undefined {
  const { decoderStartTokenId = config.decoderStartTokenId } = defaults.values;
  return decoderStartTokenId ?? defaults.bosTokenId ?? config.bosTokenId;
}

/** What a model's own configuration says of generation, where it has no generation_config.json. */
export function defaultsOf(config: SpecialTokens): GenerationDefaults {
  return readGenerationConfig(specialTokensOf(config));
}

/** Settings that a config.json had before there was a generation_config.json, as Hugging Face Transformers still reads them. */
const OLD_SETTINGS = [
  ...['decoder_start_token_id', 'forced_bos_token_id', 'forced_eos_token_id', 'bad_words_ids', 'suppress_tokens'],
  ...[
    'max_length',
    'min_length',
    'num_beams',
    'num_beam_groups',
    'diversity_penalty',
    'length_penalty',
    'early_stopping',
  ],
  ...['no_repeat_ngram_size', 'encoder_no_repeat_ngram_size', 'repetition_penalty', 'do_sample', 'temperature'],
] as const;

function oldDefaults(config: SpecialTokens, settings: unknown): GenerationDefaults {
  const values = (settings ?? {}) as Readonly<Record<string, unknown>>;
  const old = OLD_SETTINGS.flatMap((name) => (name in values ? [[name, values[name]] as const] : []));
  return readGenerationConfig({ ...specialTokensOf(config), ...Object.fromEntries(old) });
}

function specialTokensOf({ bosTokenId, eosTokenIds }: SpecialTokens): object {
  return { bos_token_id: bosTokenId, eos_token_id: eosTokenIds.length > 0 ? eosTokenIds : null };
}
