import type { DecodeOptions, Tokenizer } from '../tokenizer.ts';

/**
 * The text side of an encoder-decoder model: what its encoder reads, what its decoder writes, and how the two languages of a
 * translation are told. `loadSourceTargetTokenizer` makes one of a model's folder.
 *
 * @example
 * const tokenizer = await loadSourceTargetTokenizer('./nllb');
 * const sourceIds = tokenizer.encodeSource('Hello', { from: 'eng_Latn', to: 'fra_Latn' });
 * const { forcedBosTokenId } = tokenizer.targetStart({ to: 'fra_Latn' });
 * tokenizer.decode(writtenIds);
 */
export interface SourceTargetTokenizer {
  /** The encoder's tokens. */
  readonly source: Tokenizer;
  /** The decoder's tokens, for `Detokenizer` and stop strings; `source` itself where both are the same. */
  readonly target: Tokenizer;
  /**
   * The codes of the languages, sorted, as the model has them: `en`, `en_XX`, `eng_Latn`, `fra`. Empty where no token stands for a
   * language: T5 is told in words, BART and most Marian models know only one.
   */
  readonly languages: readonly string[];
  /** The token of a language, with or without the marks around it (`fr`, `__fr__`). A `RangeError` lists the codes for another. */
  languageId(code: string): number;
  /**
   * The encoder's ids of a text, with the tokens that the model expects around it. Throws a `TypeError` for a language that is
   * needed and not given, or given and of no use, and a `RangeError` for one that is unknown.
   */
  encodeSource(text: string, languages?: SourceLanguages): number[];
  /** The ids that a decoder learns to write for a text, without its start token. Throws as `encodeSource`. */
  encodeTarget(text: string, languages?: TargetLanguage): number[];
  /** What makes the decoder write the language; without fields where it needs nothing. Throws as `encodeSource`. */
  targetStart(languages?: TargetLanguage): TargetStart;
  /** The text of what a decoder wrote. */
  decode(ids: readonly number[], options?: DecodeOptions): string;
}

/** The language to translate to. */
export interface TargetLanguage {
  /** Its code; what tokenizer_config.json says unless given. */
  readonly to?: string | undefined;
}

/** The languages of a translation. */
export interface SourceLanguages extends TargetLanguage {
  /** The code of the source's language; what tokenizer_config.json says unless given. */
  readonly from?: string | undefined;
}

/** What a request for a translation sets in its generation options. */
export interface TargetStart {
  /** The decoder's first input, in place of the model's own. */
  readonly decoderStartTokenId?: number | undefined;
  /** The first token that the decoder writes. */
  readonly forcedBosTokenId?: number | undefined;
}
