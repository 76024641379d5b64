import type { Tokenizer as Library } from '@huggingface/tokenizers';
import { GPT2_PATTERN } from './gpt2-pattern.ts';
import { precompiledNormalizer } from './precompiled-normalizer.ts';

/**
 * Replaces those parts of the library's tokenizer that give other ids than the Rust library: its byte-level expression uses
 * JavaScript's `\s`, as its `WhitespaceSplit`; its `Precompiled` does not read the map of characters, its `Metaspace` does not split.
 * `file` is the tokenizer.json that it was made of. Throws a `RangeError` for a map that does not hold.
 */
export function correctLibrary(library: Library, file: { readonly pre_tokenizer: unknown }, location: string): void {
  correctNormalizer(library.normalizer as unknown as Normalizer | null, location);
  const config = file.pre_tokenizer as PreTokenizerConfig | null | undefined;
  correctPreTokenizer(library.pre_tokenizer as unknown as PreTokenizer | null, config ?? undefined);
}

/** What we look at of the library's normalisers, one or a sequence. */
interface Normalizer {
  readonly config?: { readonly type: string; readonly precompiled_charsmap?: string | null };
  readonly normalizers?: readonly (Normalizer | null)[];
  normalize(text: string): string;
}

function correctNormalizer(normalizer: Normalizer | null, location: string): void {
  for (const part of normalizer?.normalizers ?? []) correctNormalizer(part, location);
  if (normalizer?.config?.type !== 'Precompiled') return;
  const map = normalizer.config.precompiled_charsmap;
  normalizer.normalize = map ? precompiledNormalizer(map, location) : (text) => text;
}

/** What we change of the library's pre-tokenizers, one or a sequence. */
interface PreTokenizer {
  readonly tokenizers?: readonly (PreTokenizer | null)[];
  pattern?: RegExp;
  pre_tokenize_text(text: string, options?: SectionOptions): string[];
}

interface SectionOptions {
  /** Which of the stretches between added tokens the text is. */
  readonly section_index?: number;
}

interface PreTokenizerConfig {
  readonly type: string;
  readonly pretokenizers?: readonly PreTokenizerConfig[];
  readonly replacement?: string;
  readonly add_prefix_space?: boolean;
  readonly prepend_scheme?: string;
  readonly split?: boolean | null;
}

function correctPreTokenizer(preTokenizer: PreTokenizer | null, config: PreTokenizerConfig | undefined): void {
  if (preTokenizer === null || config === undefined) return;
  for (const [i, part] of (preTokenizer.tokenizers ?? []).entries())
    correctPreTokenizer(part, config.pretokenizers?.[i]);
  switch (config.type) {
    case 'ByteLevel':
      preTokenizer.pattern = GPT2_PATTERN;
      return;
    case 'WhitespaceSplit':
      preTokenizer.pre_tokenize_text = (text) => text.match(/\P{White_Space}+/gu) ?? [];
      return;
    case 'Metaspace':
      preTokenizer.pre_tokenize_text = metaspace(config);
  }
}

/** Spaces become `▁`, one is put before the text, and each begins a word. */
function metaspace(config: PreTokenizerConfig): PreTokenizer['pre_tokenize_text'] {
  const symbol = config.replacement ?? '▁';
  const scheme = config.add_prefix_space === false ? 'never' : (config.prepend_scheme ?? 'always');
  const splits = config.split ?? true;
  return (text, { section_index } = {}) => {
    const marked = text.replaceAll(' ', symbol);
    const isPrepended = scheme === 'always' || (scheme === 'first' && section_index === 0);
    const whole = isPrepended && !marked.startsWith(symbol) ? symbol + marked : marked;
    return splits ? wordsOf(whole, symbol) : [whole];
  };
}

function wordsOf(text: string, symbol: string): string[] {
  const [first, ...rest] = text.split(symbol);
  const words = rest.map((word) => symbol + word);
  return first === '' ? words : [first!, ...words];
}
