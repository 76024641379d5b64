import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { encodePair, type PairEncoding, vocabSizeOf } from './pair-encoding.ts';
import type { DatasetKind, DocumentPiece } from './text-document.ts';

/** The tokens that a document begins and ends with. */
export interface DocumentMarks {
  /**
   * Unless given, what the tokenizer itself puts before a text, if anything. A target of pairs needs one: unless given,
   * the tokenizer's `bosTokenId`, else its `eosTokenId`.
   */
  readonly beginTokenId?: number | 'none' | undefined;
  /** Unless given, the tokenizer's `eosTokenId`, if it has one. Pairs need one. */
  readonly endTokenId?: number | 'none' | undefined;
}

/** A piece of a document as tokens. */
export interface EncodedPiece {
  readonly kind: DatasetKind;
  readonly tokenIds: readonly number[];
  /** How many of the document's first tokens are its prompt or source; known with its first piece. */
  readonly promptLength: number;
  readonly isFirst: boolean;
}

/** Text to tokens: begin mark, prompt, text, end mark; in a pair the source and its end mark come before the target. */
export class DocumentEncoder {
  readonly #tokenizer: Tokenizer;
  readonly #text: Marks;
  readonly #pair: Marks;
  readonly #encoding: PairEncoding | undefined;
  /** Token ids are below it. */
  readonly vocabSize: number;

  /** With an encoding of pairs, its tokenizers and marks are those of pairs. */
  constructor(tokenizer: Tokenizer, marks: DocumentMarks, encoding?: PairEncoding) {
    this.#tokenizer = tokenizer;
    this.#encoding = encoding;
    this.vocabSize = Math.max(tokenizer.vocabSize, encoding === undefined ? 0 : vocabSizeOf(encoding));
    this.#text = chooseMarks(marks, textBegin(tokenizer), tokenizer.eosTokenId);
    this.#pair = chooseMarks(marks, tokenizer.bosTokenId ?? tokenizer.eosTokenId, tokenizer.eosTokenId);
    for (const [name, id] of [...Object.entries(this.#text), ...Object.entries(this.#pair)])
      if (id !== undefined) requireToken(name, id, tokenizer.vocabSize);
  }

  /** What of the settings shows in the tokens. */
  get settings(): object {
    if (this.#encoding === undefined) return { text: this.#text, pair: this.#pair };
    const { tokenizer: _, ...pair } = this.#encoding;
    return { text: this.#text, pair };
  }

  /** Throws a `RangeError` for a document without tokens and for tokens that the vocabulary does not have. */
  encode(piece: DocumentPiece): EncodedPiece {
    const { kind, isFirst, place } = piece;
    const { tokenIds, promptLength } = kind === 'pairs' ? this.#encodePair(piece) : this.#encodeText(piece);
    for (const id of tokenIds)
      if (id >= this.vocabSize)
        throw new RangeError(
          `Cannot encode ${place}: the tokenizer gives token ${id}, wanted less than ${this.vocabSize}`,
        );
    if (isFirst && tokenIds.length === promptLength) throw new RangeError(`Cannot encode ${place}: it gives no tokens`);
    return { kind, tokenIds, promptLength, isFirst };
  }

  #encodeText({ prompt, text, isFirst, isLast }: DocumentPiece) {
    const { beginTokenId, endTokenId } = this.#text;
    const hasPrompt = prompt !== '';
    const before = [...(isFirst ? given(beginTokenId) : []), ...(hasPrompt ? this.#encode(prompt) : [])];
    const after = isLast ? given(endTokenId) : [];
    return { tokenIds: concat(before, this.#encode(text), after), promptLength: hasPrompt ? before.length : 0 };
  }

  #encodePair({ prompt, text, place }: DocumentPiece) {
    if (this.#encoding !== undefined) {
      const { sourceIds, targetIds } = encodePair(prompt, text, this.#encoding);
      return { tokenIds: concat(sourceIds, targetIds), promptLength: sourceIds.length };
    }
    const { beginTokenId, endTokenId } = this.#pair;
    if (beginTokenId === undefined || endTokenId === undefined)
      throw new RangeError(
        `Cannot encode ${place}: the target of a pair begins and ends with a token of its own, but the tokenizer has none; give beginTokenId and endTokenId`,
      );
    const source = [...this.#encode(prompt), endTokenId];
    const tokenIds = concat(source, [beginTokenId], this.#encode(text), [endTokenId]);
    return { tokenIds, promptLength: source.length };
  }

  #encode(text: string): readonly number[] {
    return text === '' ? [] : this.#tokenizer.encode(text, { addSpecialTokens: false });
  }
}

interface Marks {
  readonly beginTokenId: number | undefined;
  readonly endTokenId: number | undefined;
}

function chooseMarks(marks: DocumentMarks, begin: number | undefined, end: number | undefined): Marks {
  const choose = (mark: number | 'none' | undefined, usual: number | undefined) =>
    mark === 'none' ? undefined : (mark ?? usual);
  return { beginTokenId: choose(marks.beginTokenId, begin), endTokenId: choose(marks.endTokenId, end) };
}

/** What the tokenizer puts before each text. */
function textBegin(tokenizer: Tokenizer): number | undefined {
  const { bosTokenId } = tokenizer;
  return bosTokenId !== undefined && tokenizer.encode('')[0] === bosTokenId ? bosTokenId : undefined;
}

function requireToken(name: string, id: number, vocabSize: number): void {
  if (Number.isInteger(id) && id >= 0 && id < vocabSize) return;
  throw new RangeError(`Cannot encode documents: ${name} is ${id}, wanted a whole number from 0 to ${vocabSize - 1}`);
}

function given(id: number | undefined): readonly number[] {
  return id === undefined ? [] : [id];
}

function concat(...lists: readonly (readonly number[])[]): readonly number[] {
  return lists.flat();
}
