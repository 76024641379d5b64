import type { TextStream } from './text-stream.ts';

/** Text to token ids and back. */
export interface Tokenizer {
  /** One more than the largest id. A model's vocabulary may be larger, padded with ids that have no token. */
  readonly vocabSize: number;
  readonly bosTokenId: number | undefined;
  readonly eosTokenId: number | undefined;
  readonly padTokenId: number | undefined;
  readonly unkTokenId: number | undefined;
  /** The ids of a text. Special tokens written out in it become their ids. */
  encode(text: string, options?: EncodeOptions): number[];
  /** The text of ids. Bytes that are not UTF-8 become U+FFFD; ids without a token are left out, as Python leaves them out. */
  decode(ids: readonly number[], options?: DecodeOptions): string;
  /** The token as the vocabulary has it (`Ġthe`, `▁the`, `<0x0A>`), or undefined. */
  idToToken(id: number): string | undefined;
  tokenToId(token: string): number | undefined;
  /** Whether an id is a control token, such as the end of a sequence, that is no part of the text. */
  isSpecial(id: number): boolean;
  /** Tokens to text, one after the other: what `decode` and `Detokenizer` are made of. */
  openTextStream(): TextStream;
}

export interface EncodeOptions {
  /** Add what the model expects around a text (`<s>`); true by default. */
  readonly addSpecialTokens?: boolean | undefined;
}

export interface DecodeOptions {
  /** Leave special tokens out; true by default. */
  readonly skipSpecialTokens?: boolean | undefined;
}
