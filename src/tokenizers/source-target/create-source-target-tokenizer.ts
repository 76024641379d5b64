import { didYouMean } from '../../base/suggest.ts';
import type { DecodeOptions, Tokenizer } from '../tokenizer.ts';
import type { LanguageFormat } from './language-format.ts';
import type { SourceLanguages, SourceTargetTokenizer, TargetLanguage, TargetStart } from './source-target-tokenizer.ts';

/** What a `SourceTargetTokenizer` is made of. */
export interface SourceTargetParts {
  readonly source: Tokenizer;
  readonly target: Tokenizer;
  /** How languages are told, of a family that does. */
  readonly format?: LanguageFormat | undefined;
  /** The languages where a request names none. */
  readonly defaults?: SourceLanguages | undefined;
}

/**
 * Puts the languages of a family around what its tokenizers make of texts; without a family, or where the vocabulary has no token
 * of the family's pattern, a text is encoded as its tokenizer does. Throws a `TypeError` for defaults that are no languages.
 */
export function createSourceTargetTokenizer({
  source,
  target,
  format,
  defaults,
}: SourceTargetParts): SourceTargetTokenizer {
  const ids = format === undefined ? new Map<string, number>() : findLanguages(source, format.pattern);
  if (format === undefined || ids.size === 0) return new PlainTokenizer(source, target);
  return new MultilingualTokenizer(source, target, format, ids, knownDefaults(defaults, ids));
}

/** The special tokens that stand for languages, by code, sorted. */
function findLanguages(tokenizer: Tokenizer, pattern: RegExp): ReadonlyMap<string, number> {
  const found: [string, number][] = [];
  for (let id = 0; id < tokenizer.vocabSize; id++) {
    if (!tokenizer.isSpecial(id)) continue;
    const code = pattern.exec(tokenizer.idToToken(id) ?? '')?.[1];
    if (code !== undefined) found.push([code, id]);
  }
  return new Map(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** tokenizer_config.json may name languages that are no codes of the vocabulary (`eng` of a Marian model): they say nothing. */
function knownDefaults(defaults: SourceLanguages = {}, ids: ReadonlyMap<string, number>): SourceLanguages {
  const known = (code: string | undefined) => (code !== undefined && ids.has(code) ? code : undefined);
  return { from: known(defaults.from), to: known(defaults.to) };
}

/** Without languages. */
class PlainTokenizer implements SourceTargetTokenizer {
  readonly source: Tokenizer;
  readonly target: Tokenizer;
  readonly languages: readonly string[] = [];

  constructor(source: Tokenizer, target: Tokenizer) {
    this.source = source;
    this.target = target;
  }

  languageId(code: string): number {
    throw new RangeError(`Cannot find the language ${JSON.stringify(code)}: this model has no tokens for languages`);
  }

  encodeSource(text: string, languages: SourceLanguages = {}): number[] {
    expectNone('encode a source', languages);
    return this.source.encode(text);
  }

  encodeTarget(text: string, languages: TargetLanguage = {}): number[] {
    expectNone('encode a target', languages);
    return this.target.encode(text);
  }

  targetStart(languages: TargetLanguage = {}): TargetStart {
    expectNone('start a target', languages);
    return {};
  }

  decode(ids: readonly number[], options: DecodeOptions = {}): string {
    return this.target.decode(ids, options);
  }
}

function expectNone(action: string, { from, to }: SourceLanguages): void {
  const given = from ?? to;
  if (given === undefined) return;
  const name = from === undefined ? 'to' : 'from';
  throw new TypeError(
    `Cannot ${action}: ${name} is ${JSON.stringify(given)}, but this model has no tokens for languages`,
  );
}

/** With a token for each language. */
class MultilingualTokenizer implements SourceTargetTokenizer {
  readonly source: Tokenizer;
  readonly target: Tokenizer;
  readonly languages: readonly string[];
  readonly #format: LanguageFormat;
  readonly #ids: ReadonlyMap<string, number>;
  readonly #defaults: SourceLanguages;

  constructor(
    source: Tokenizer,
    target: Tokenizer,
    format: LanguageFormat,
    ids: ReadonlyMap<string, number>,
    defaults: SourceLanguages,
  ) {
    this.source = source;
    this.target = target;
    this.languages = [...ids.keys()];
    this.#format = format;
    this.#ids = ids;
    this.#defaults = defaults;
  }

  languageId(code: string): number {
    const id = this.#ids.get(this.#format.pattern.exec(code)?.[1] ?? code);
    if (id !== undefined) return id;
    throw new RangeError(
      `Cannot find the language ${JSON.stringify(code)}${didYouMean(code, this.languages)}; ` +
        `this model has ${this.languages.join(', ')}`,
    );
  }

  encodeSource(text: string, { from, to }: SourceLanguages = {}): number[] {
    const { language, place } = this.#format.source;
    const ids = this.source.encode(text, { addSpecialTokens: false });
    const eos = endOf(this.source);
    if (language === 'from') {
      if (to !== undefined) this.languageId(to);
      return surround(ids, this.#idFor('encode a source', 'from', from), eos, place);
    }
    if (from !== undefined)
      throw new TypeError(
        `Cannot encode a source: from is ${JSON.stringify(from)}, but this model is only told the language to translate to`,
      );
    if (to === undefined && this.#isLanguage(ids[0])) return [...ids, eos];
    return surround(ids, this.#idFor('encode a source', 'to', to), eos, place);
  }

  encodeTarget(text: string, { to }: TargetLanguage = {}): number[] {
    const ids = this.target.encode(text, { addSpecialTokens: false });
    const eos = endOf(this.target);
    if (this.#format.start !== 'none')
      return surround(ids, this.#idFor('encode a target', 'to', to), eos, this.#format.source.place);
    if (to !== undefined) this.languageId(to);
    return [...ids, eos];
  }

  targetStart({ to }: TargetLanguage = {}): TargetStart {
    const { start } = this.#format;
    if (start === 'none') {
      if (to !== undefined) this.languageId(to);
      return {};
    }
    const id = this.#idFor('start a target', 'to', to);
    return start === 'decoder-start' ? { decoderStartTokenId: id } : { forcedBosTokenId: id };
  }

  decode(ids: readonly number[], options: DecodeOptions = {}): string {
    return this.target.decode(ids, options);
  }

  #isLanguage(id: number | undefined): boolean {
    return id !== undefined && [...this.#ids.values()].includes(id);
  }

  #idFor(action: string, name: 'from' | 'to', code: string | undefined): number {
    const language = code ?? this.#defaults[name];
    if (language !== undefined) return this.languageId(language);
    throw new TypeError(
      `Cannot ${action}: its language is missing, wanted ${name}, one of ${this.languages.join(', ')}`,
    );
  }
}

function surround(ids: readonly number[], language: number, eos: number, place: 'before' | 'after'): number[] {
  return place === 'before' ? [language, ...ids, eos] : [...ids, eos, language];
}

function endOf({ eosTokenId }: Tokenizer): number {
  if (eosTokenId !== undefined) return eosTokenId;
  throw new TypeError('Cannot encode: the tokenizer has no token for the end of a text');
}
