/** How a family of models is told of languages. */
export interface LanguageFormat {
  /** Whether a token of the vocabulary stands for a language, and for which: its first group is the code. */
  readonly pattern: RegExp;
  /** Whose code stands beside a source, and on which side of it: `code X eos` or `X eos code`. */
  readonly source: { readonly language: 'from' | 'to'; readonly place: 'before' | 'after' };
  /** What tells the decoder. `none`: the source has told it, and targets have no code. */
  readonly start: 'decoder-start' | 'forced-bos' | 'none';
}

const LOCALE = /^([a-z]{2}_[A-Z]{2})$/;

/** mBART: `X </s> en_XX`, and the decoder starts from the code (Liu et al. 2020). */
export const MBART_FORMAT: LanguageFormat = {
  pattern: LOCALE,
  source: { language: 'from', place: 'after' },
  start: 'decoder-start',
};

/** mBART-50: `en_XX X </s>`, and the decoder writes the code first (Tang et al. 2020). */
export const MBART50_FORMAT: LanguageFormat = {
  pattern: LOCALE,
  source: { language: 'from', place: 'before' },
  start: 'forced-bos',
};

/** M2M-100: `__en__ X </s>` (Fan et al. 2020). */
export const M2M100_FORMAT: LanguageFormat = { ...MBART50_FORMAT, pattern: /^__(.+)__$/ };

/** NLLB: `eng_Latn X </s>` (NLLB team 2022). */
export const NLLB_FORMAT: LanguageFormat = { ...MBART50_FORMAT, pattern: /^([a-z]{3}_[A-Z][a-z]{3})$/ };

/** NLLB as it was first released in Transformers: `X </s> eng_Latn`. */
export const NLLB_LEGACY_FORMAT: LanguageFormat = { ...NLLB_FORMAT, source: { language: 'from', place: 'after' } };

/** Marian: `>>fra<< X </s>`, the language to translate to. */
export const MARIAN_FORMAT: LanguageFormat = {
  pattern: /^>>(.+)<<$/,
  source: { language: 'to', place: 'before' },
  start: 'none',
};
