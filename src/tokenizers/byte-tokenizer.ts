import { Detokenizer } from './detokenizer.ts';
import { type TextStream, Utf8Stream } from './text-stream.ts';
import type { DecodeOptions, EncodeOptions, Tokenizer } from './tokenizer.ts';

const SPECIAL_TOKENS = ['<bos>', '<eos>', '<pad>'];

/**
 * A token is a UTF-8 byte, ids 0 … 255; then `<bos>` 256, `<eos>` 257, `<pad>` 258: for a model without a tokenizer file.
 * Tokens are written `<0x41>`.
 *
 * @example
 * new ByteTokenizer().encode('Hi'); // [256, 72, 105]
 */
export class ByteTokenizer implements Tokenizer {
  readonly vocabSize = 256 + SPECIAL_TOKENS.length;
  readonly bosTokenId = 256;
  readonly eosTokenId = 257;
  readonly padTokenId = 258;
  readonly unkTokenId = undefined;

  encode(text: string, { addSpecialTokens = true }: EncodeOptions = {}): number[] {
    const bytes = Array.from(new TextEncoder().encode(text));
    return addSpecialTokens ? [this.bosTokenId, ...bytes] : bytes;
  }

  decode(ids: readonly number[], options: DecodeOptions = {}): string {
    const detokenizer = new Detokenizer(this, options);
    return ids.map((id) => detokenizer.push(id)).join('') + detokenizer.flush();
  }

  idToToken(id: number): string | undefined {
    if (id >= 0 && id < 256) return `<0x${id.toString(16).toUpperCase().padStart(2, '0')}>`;
    return SPECIAL_TOKENS[id - 256];
  }

  tokenToId(token: string): number | undefined {
    const digits = /^<0x([0-9A-F]{2})>$/.exec(token)?.[1];
    if (digits !== undefined) return Number.parseInt(digits, 16);
    const index = SPECIAL_TOKENS.indexOf(token);
    return index < 0 ? undefined : 256 + index;
  }

  isSpecial(id: number): boolean {
    return SPECIAL_TOKENS[id - 256] !== undefined;
  }

  openTextStream(): TextStream {
    const utf8 = new Utf8Stream();
    return {
      push: (token) => {
        const id = this.tokenToId(token);
        if (id === undefined || id > 255) return utf8.end() + token;
        return utf8.push(Uint8Array.of(id));
      },
      end: () => utf8.end(),
    };
  }
}
