import { Detokenizer } from '../detokenizer.ts';
import type { TextStream } from '../text-stream.ts';
import type { DecodeOptions, EncodeOptions, Tokenizer } from '../tokenizer.ts';
import { type AddedToken, splitterOf } from './added-tokens.ts';
import type { SentencePiece } from './sentence-piece.ts';

/** What a `SentencePieceTokenizer` is made of. */
export interface SentencePieceTokenizerParts {
  readonly processor: SentencePiece;
  /** The vocabulary by id, which need not be the processor's: Marian and M2M-100 have a list of their own. */
  readonly tokens: readonly (string | undefined)[];
  readonly addedTokens: readonly AddedToken[];
  /** Ids besides those of special added tokens that are no part of a text. */
  readonly specialIds?: readonly number[] | undefined;
  readonly roles: TokenRoles;
  /** Ids around a text. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** What one token stands for at the beginning of a text, known or not: Marian's `>>fra<<`. */
  readonly prefix?: RegExp | undefined;
}

/** The ids of tokens with a meaning. */
export interface TokenRoles {
  readonly bos?: number | undefined;
  readonly eos?: number | undefined;
  readonly pad?: number | undefined;
  readonly unk: number;
}

/** A SentencePiece model with the ids of a family of models, their special tokens, and what stands around a text. */
export class SentencePieceTokenizer implements Tokenizer {
  readonly vocabSize: number;
  readonly bosTokenId: number | undefined;
  readonly eosTokenId: number | undefined;
  readonly padTokenId: number | undefined;
  readonly unkTokenId: number;
  readonly #parts: SentencePieceTokenizerParts;
  readonly #ids: ReadonlyMap<string, number>;
  readonly #added: ReadonlyMap<string, AddedToken>;
  readonly #specialIds: ReadonlySet<number>;
  readonly #split: (text: string) => readonly (string | AddedToken)[];

  constructor(parts: SentencePieceTokenizerParts) {
    const { tokens, addedTokens, roles } = parts;
    this.#parts = parts;
    this.vocabSize = tokens.length;
    this.bosTokenId = roles.bos;
    this.eosTokenId = roles.eos;
    this.padTokenId = roles.pad;
    this.unkTokenId = roles.unk;
    this.#ids = new Map(tokens.flatMap((token, id) => (token === undefined ? [] : [[token, id] as const])));
    this.#added = new Map(addedTokens.map((token) => [token.content, token]));
    const special = addedTokens.filter(({ isSpecial }) => isSpecial).map(({ id }) => id);
    this.#specialIds = new Set([...special, ...(parts.specialIds ?? [])]);
    this.#split = splitterOf(addedTokens);
  }

  encode(text: string, { addSpecialTokens = true }: EncodeOptions = {}): number[] {
    const ids = this.#split(text).flatMap((part) => (typeof part === 'string' ? this.#encodeText(part) : [part.id]));
    return addSpecialTokens ? [...this.#parts.before, ...ids, ...this.#parts.after] : ids;
  }

  decode(ids: readonly number[], options: DecodeOptions = {}): string {
    const detokenizer = new Detokenizer(this, options);
    return ids.map((id) => detokenizer.push(id)).join('') + detokenizer.flush();
  }

  idToToken(id: number): string | undefined {
    return this.#parts.tokens[id];
  }

  tokenToId(token: string): number | undefined {
    return this.#ids.get(token);
  }

  isSpecial(id: number): boolean {
    return this.#specialIds.has(id);
  }

  /** Added tokens are text as they stand; between them the processor decodes. */
  openTextStream(): TextStream {
    let stream = this.#parts.processor.openTextStream();
    return {
      push: (token) => {
        if (!this.#added.has(token)) return stream.push(token);
        const before = stream.end();
        stream = this.#parts.processor.openTextStream();
        return before + token;
      },
      end: () => stream.end(),
    };
  }

  #encodeText(text: string): number[] {
    const prefix = this.#parts.prefix?.exec(text)?.[0];
    if (prefix !== undefined) return [this.#idOf(prefix), ...this.#encodeText(text.slice(prefix.length))];
    return this.#parts.processor.encode(text).map((piece) => this.#idOf(piece.text));
  }

  #idOf(token: string): number {
    return this.#ids.get(token) ?? this.unkTokenId;
  }
}
