import { isGgufModel } from '../../formats/gguf/open-gguf.ts';
import { isMarian, loadTokenizer } from '../load-tokenizer.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { readTokenizerSettings, type TokenizerFamily, type TokenizerSettings } from '../tokenizer-settings.ts';
import { createSourceTargetTokenizer } from './create-source-target-tokenizer.ts';
import {
  type LanguageFormat,
  M2M100_FORMAT,
  MARIAN_FORMAT,
  MBART_FORMAT,
  MBART50_FORMAT,
  NLLB_FORMAT,
  NLLB_LEGACY_FORMAT,
} from './language-format.ts';
import { loadMarian } from './load-marian.ts';
import type { SourceTargetTokenizer } from './source-target-tokenizer.ts';

type Options = { readonly signal?: AbortSignal | undefined };

/**
 * The tokenizers of an encoder-decoder model's folder, with its languages; undefined if it has none. What `loadTokenizer` reads
 * without languages is read too: source and target are then the same. Throws as `loadTokenizer`.
 */
export async function loadSourceTargetTokenizer(
  folder: string,
  options: Options = {},
): Promise<SourceTargetTokenizer | undefined> {
  if (await isGgufModel(folder)) return plain(await loadTokenizer(folder, options));
  const settings = await readTokenizerSettings(folder, options);
  const tokenizers = await loadBoth(settings, options);
  if (tokenizers === undefined) return undefined;
  const code = (name: string) => (settings.config.has(name) ? settings.config.string(name) : undefined);
  const defaults = { from: code('src_lang'), to: code('tgt_lang') };
  return createSourceTargetTokenizer({ ...tokenizers, format: formatOf(settings), defaults });
}

function plain(tokenizer: Tokenizer | undefined): SourceTargetTokenizer | undefined {
  return tokenizer && createSourceTargetTokenizer({ source: tokenizer, target: tokenizer });
}

async function loadBoth(settings: TokenizerSettings, options: Options) {
  if (await isMarian(settings)) return loadMarian(settings, options);
  const tokenizer = await loadTokenizer(settings.folder, options);
  return tokenizer && { source: tokenizer, target: tokenizer };
}

const FORMATS: Partial<Readonly<Record<TokenizerFamily, LanguageFormat>>> = {
  m2m100: M2M100_FORMAT,
  marian: MARIAN_FORMAT,
  mbart: MBART_FORMAT,
  mbart50: MBART50_FORMAT,
  nllb: NLLB_FORMAT,
};

function formatOf({ config, family }: TokenizerSettings): LanguageFormat | undefined {
  if (family === 'nllb' && config.boolean('legacy_behaviour', false)) return NLLB_LEGACY_FORMAT;
  return family && FORMATS[family];
}
