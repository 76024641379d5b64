import type { DocumentPiece } from './text-document.ts';

/** Characters after which a document is cut into pieces, so that no text has to be in memory whole. */
const PIECE_LENGTH = 2 ** 16;

/** The part of a plain text that is a piece of a document. */
export type TextPiece = Pick<DocumentPiece, 'text' | 'isFirst' | 'isLast'>;

/**
 * Cuts a text that comes in chunks into documents at each `separator`, and long documents into pieces. Pieces are cut where
 * pre-tokenizers cut as well, so that their tokens are those of the whole; only a tokenizer that puts a mark before each
 * text, or a text of 65,536 characters without any space, shows the seam. What lies between two separators and is blank is
 * no document.
 */
export async function* splitPlainText(
  chunks: AsyncIterable<string>,
  separator: string | undefined,
  pieceLength = PIECE_LENGTH,
): AsyncGenerator<TextPiece> {
  const splitter = new Splitter(separator, pieceLength);
  for await (const chunk of chunks) yield* splitter.push(chunk);
  yield* splitter.end();
}

class Splitter {
  readonly #separator: string | undefined;
  readonly #pieceLength: number;
  #rest = '';
  /** Whether a piece of the document has been given. */
  #isBegun = false;

  constructor(separator: string | undefined, pieceLength: number) {
    this.#separator = separator;
    this.#pieceLength = pieceLength;
  }

  *push(chunk: string): Generator<TextPiece> {
    const separator = this.#separator;
    this.#rest += chunk;
    let from = 0;
    if (separator !== undefined) {
      for (let at = this.#rest.indexOf(separator); at >= 0; at = this.#rest.indexOf(separator, from)) {
        yield* this.#document(this.#rest.slice(from, at));
        from = at + separator.length;
      }
    }
    this.#rest = this.#rest.slice(from);
    yield* this.#pieces();
  }

  *end(): Generator<TextPiece> {
    yield* this.#document(this.#rest);
    this.#rest = '';
  }

  /** What is left of a document, and its end. */
  *#document(rest: string): Generator<TextPiece> {
    const text = this.#separator === undefined ? rest : this.#trimStart(rest).replace(/[\r\n]+$/, '');
    if (this.#isBegun || (this.#separator === undefined ? text !== '' : text.trim() !== '')) {
      let from = 0;
      for (let end = this.#cut(text, from); end !== undefined; end = this.#cut(text, from)) {
        yield this.#piece(text.slice(from, end), false);
        from = end;
      }
      yield this.#piece(text.slice(from), true);
    }
    this.#isBegun = false;
  }

  /** All but the end of what has come so far: a separator may have begun there. */
  *#pieces(): Generator<TextPiece> {
    const held = this.#separator?.length ?? 1;
    for (;;) {
      const from = this.#rest.length - this.#trimStart(this.#rest).length;
      const end = this.#cut(this.#rest, from, held);
      if (end === undefined) return;
      yield this.#piece(this.#rest.slice(from, end), false);
      this.#rest = this.#rest.slice(end);
    }
  }

  #trimStart(text: string): string {
    return this.#separator === undefined || this.#isBegun ? text : text.replace(/^[\r\n]+/, '');
  }

  #piece(text: string, isLast: boolean): TextPiece {
    const isFirst = !this.#isBegun;
    this.#isBegun = true;
    return { text, isFirst, isLast };
  }

  /** Where the piece from `from` on ends, or undefined if it may go on beyond the text without its last `held`. */
  #cut(text: string, from: number, held = 0): number | undefined {
    const limit = from + this.#pieceLength;
    const end = text.length - held;
    if (limit >= end) return undefined;
    for (let at = limit; at > from; at--) if (isSeam(text, at)) return at;
    const at = cutBesides(text, from, limit);
    return at < end ? at : undefined;
  }
}

/** Where to cut a text without a seam: anywhere but within a character, or among line ends, which may be its last. */
function cutBesides(text: string, from: number, limit: number): number {
  let at = limit;
  while (at > from && isTogether(text, at)) at--;
  if (at > from) return at;
  at = limit;
  while (isTogether(text, at)) at++;
  return at;
}

function isTogether(text: string, at: number): boolean {
  return /[\uD800-\uDBFF][\uDC00-\uDFFF]|[\r\n]{2}/.test(text.slice(at - 1, at + 1));
}

/** Between a word and the single space before the next, or after the single line end between two words. */
function isSeam(text: string, at: number): boolean {
  const [two, before, after, next] = [text[at - 2], text[at - 1], text[at], text[at + 1]];
  if (two === undefined || before === undefined || after === undefined || next === undefined) return false;
  if (after === ' ') return isLetter(before) && isLetter(next);
  return before === '\n' && isLetter(two) && isLetter(after);
}

function isLetter(character: string): boolean {
  return /\p{L}/u.test(character);
}
