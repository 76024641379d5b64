import { Tokenizer as Library } from '@huggingface/tokenizers';
import { cleanUpSpacesStream } from './clean-up-spaces.ts';
import { correctLibrary } from './correct-library.ts';
import { createBpe } from './create-bpe.ts';
import { createUnigram } from './create-unigram.ts';
import { Detokenizer } from './detokenizer.ts';
import { wordSplitter } from './split-words.ts';
import { chainStreams, type TextStream } from './text-stream.ts';
import { createTokenDecoder, type DecoderConfig } from './token-decoder.ts';
import type { DecodeOptions, EncodeOptions, Tokenizer } from './tokenizer.ts';

/** The parts of a tokenizer.json that we read ourselves; the library reads the rest. */
interface TokenizerFile {
  readonly added_tokens: readonly { readonly id: number; readonly content: string; readonly special?: boolean }[];
  readonly pre_tokenizer: unknown;
  readonly decoder: DecoderConfig;
  readonly model: { readonly type?: string; readonly vocab: object };
}

/** tokenizer_config.json, of which everything is optional. */
export interface TokenizerConfig {
  readonly [key: string]: unknown;
}

/**
 * A tokenizer.json of the Hugging Face libraries, with its tokenizer_config.json. Encoding is done by
 * `@huggingface/tokenizers`, decoding by streams of our own, so that streamed and whole text are the same.
 * Throws a `SyntaxError` or `TypeError` for files that do not hold.
 *
 * @example
 * const tokenizer = new HuggingFaceTokenizer(await readFile('tokenizer.json', 'utf8'), '{}');
 * tokenizer.encode('Hello world');
 */
export class HuggingFaceTokenizer implements Tokenizer {
  readonly vocabSize: number;
  readonly bosTokenId: number | undefined;
  readonly eosTokenId: number | undefined;
  readonly padTokenId: number | undefined;
  readonly unkTokenId: number | undefined;
  readonly #library: Library;
  readonly #specialIds: ReadonlySet<number>;
  readonly #openDecoder: () => TextStream;
  readonly #cleansUp: boolean;

  /** The texts of the two files, and what error messages call them. */
  constructor(tokenizerText: string, configText = '{}', location = 'tokenizer.json') {
    const file = parseFile(tokenizerText, location);
    const config = parseObject(configText, `the tokenizer_config.json of ${location}`);
    this.#library = createLibrary(file, config, location);
    this.vocabSize = this.#library.model.vocab.length;
    this.bosTokenId = this.#idOf(config.bos_token);
    this.eosTokenId = this.#idOf(config.eos_token);
    this.padTokenId = this.#idOf(config.pad_token);
    this.unkTokenId = this.#idOf(config.unk_token);
    this.#specialIds = this.#collectSpecialIds(file, config);
    this.#openDecoder = createTokenDecoder(file.decoder);
    this.#cleansUp = config.clean_up_tokenization_spaces === true;
  }

  encode(text: string, { addSpecialTokens = true }: EncodeOptions = {}): number[] {
    return this.#library.encode(text, { add_special_tokens: addSpecialTokens }).ids;
  }

  decode(ids: readonly number[], options: DecodeOptions = {}): string {
    const detokenizer = new Detokenizer(this, options);
    return ids.map((id) => detokenizer.push(id)).join('') + detokenizer.flush();
  }

  idToToken(id: number): string | undefined {
    return this.#library.id_to_token(id);
  }

  tokenToId(token: string): number | undefined {
    return this.#library.token_to_id(token);
  }

  isSpecial(id: number): boolean {
    return this.#specialIds.has(id);
  }

  openTextStream(): TextStream {
    if (!this.#cleansUp) return this.#openDecoder();
    return chainStreams([this.#openDecoder(), cleanUpSpacesStream()]);
  }

  #idOf(token: unknown): number | undefined {
    const content = contentOf(token);
    return content === undefined ? undefined : this.tokenToId(content);
  }

  /** A token is special if one of the two files says so: by a flag, by a list, or by giving it a role. */
  #collectSpecialIds(file: TokenizerFile, config: TokenizerConfig): ReadonlySet<number> {
    const flagged = file.added_tokens.filter(({ special }) => special).map(({ id }) => id);
    const roles = [this.bosTokenId, this.eosTokenId, this.padTokenId, this.unkTokenId];
    const listed = Array.isArray(config.additional_special_tokens) ? config.additional_special_tokens : [];
    const ids = [...flagged, ...roles, ...listed.map((token) => this.#idOf(token))];
    return new Set(ids.filter((id) => id !== undefined));
  }
}

/** A token is written as a string, or as an object with its flags. */
function contentOf(token: unknown): string | undefined {
  if (typeof token === 'string') return token;
  const content = (token as { content?: unknown } | null | undefined)?.content;
  return typeof content === 'string' ? content : undefined;
}

const MODELS = ['BPE', 'Unigram', 'WordPiece', 'WordLevel'];

function parseFile(text: string, location: string): TokenizerFile {
  const value = parseObject(text, location);
  const model = value.model as TokenizerFile['model'] | undefined;
  if (typeof model !== 'object' || model === null || typeof model.vocab !== 'object' || model.vocab === null) {
    throw new SyntaxError(`Cannot read ${location}: it has no "model" with a "vocab"`);
  }
  if (model.type !== undefined && !MODELS.includes(model.type)) {
    throw new TypeError(
      `Cannot read ${location}: its model is of type ${JSON.stringify(model.type)}, wanted one of ${MODELS.join(', ')}`,
    );
  }
  const optional = { added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null };
  return { ...optional, ...value, model };
}

function parseObject(text: string, location: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(`Cannot read ${location}: it is not JSON: ${(cause as Error).message}`, { cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new SyntaxError(`Cannot read ${location}: it holds ${JSON.stringify(value).slice(0, 80)}, wanted an object`);
}

function createLibrary(file: TokenizerFile, config: TokenizerConfig, location: string): Library {
  try {
    const library = createModel(file, config);
    correctLibrary(library, file, location);
    encodeWordByWord(library, file);
    return library;
  } catch (cause) {
    throw new TypeError(`Cannot read ${location}: ${(cause as Error).message}`, { cause });
  }
}

function createModel(file: TokenizerFile, config: TokenizerConfig): Library {
  if (file.model.type === 'BPE') return createBpe(file, config);
  const isUnigram = file.model.type === 'Unigram' || Array.isArray(file.model.vocab);
  return isUnigram ? createUnigram(file, config) : new Library(file, config);
}

/** Replaces the pre-tokenizers that leave a text whole by one that gives the model its words. */
function encodeWordByWord(library: Library, { model }: TokenizerFile): void {
  const inner = library.pre_tokenizer as PreTokenizer | null;
  const isWhole = inner === null || inner.prepend_scheme !== undefined;
  const split = isWhole && model.type === 'BPE' ? wordSplitter(Object.keys(model.vocab)) : undefined;
  if (split === undefined) return;
  const preTokenize = (text: string, options: unknown) => (inner?.(text, options) ?? [text]).flatMap(split);
  library.pre_tokenizer = preTokenize as unknown as Library['pre_tokenizer'];
}

/** What we look at of the library's pre-tokenizer. */
interface PreTokenizer {
  (text: string, options: unknown): string[];
  /** Only Metaspace has one. */
  readonly prepend_scheme?: string;
}
