import { type TextStream, Utf8Stream } from '../text-stream.ts';
import { MergingModel } from './merging-model.ts';
import { createNormalizer, SPACE_SYMBOL } from './normalizer.ts';
import { PieceTrie } from './piece-trie.ts';
import { PIECE_TYPES } from './piece-types.ts';
import { byteOfPiece, pieceOfByte, type SentencePieceModel } from './sentence-piece-model.ts';
import type { Piece, SubwordModel } from './subword-model.ts';
import { UnigramModel } from './unigram-model.ts';

/** How much less likely an unknown character is than the least likely piece (`kUnkPenalty`). */
const UNKNOWN_PENALTY = 10;

/**
 * Text to pieces and back, as the SentencePiece library does it with the same file (Kudo and Richardson 2018).
 *
 * @example
 * const processor = new SentencePiece(parseSentencePieceModel(bytes, 'spiece.model'));
 * processor.encode('Hello world'); // [{ text: '▁Hello', id: 8774 }, …]
 */
export class SentencePiece {
  readonly model: SentencePieceModel;
  readonly #ids: ReadonlyMap<string, number>;
  readonly #normalize: (text: string) => string;
  readonly #subwords: SubwordModel;

  /** Throws a `RangeError` for replacements of characters that do not hold. */
  constructor(model: SentencePieceModel) {
    this.model = model;
    this.#ids = new Map(model.pieces.map((piece, id) => [piece, id]));
    const userDefined = piecesOf(model, [PIECE_TYPES.userDefined]);
    const protectedPieces = userDefined.length > 0 ? new PieceTrie(userDefined) : undefined;
    this.#normalize = createNormalizer(model.normalizer, protectedPieces, model.location);
    this.#subwords = model.kind === 'bpe' ? createBpe(model, protectedPieces) : createUnigram(model);
  }

  /** The pieces of a text, in order. Neighbouring unknown characters are one piece with the unknown id, or bytes. */
  encode(text: string): Piece[] {
    const pieces: Piece[] = [];
    const { unkId, byteFallback } = this.model;
    for (const piece of this.#subwords.segment(this.#normalize(text))) {
      const last = pieces.at(-1);
      if (piece.id !== unkId) pieces.push(piece);
      else if (byteFallback) pieces.push(...this.#bytesOf(piece.text));
      else if (last?.id === unkId) pieces[pieces.length - 1] = { text: last.text + piece.text, id: unkId };
      else pieces.push(piece);
    }
    return pieces;
  }

  /** The id of a piece, or undefined. */
  idOf(piece: string): number | undefined {
    return this.#ids.get(piece);
  }

  /** Pieces, one a push, to text: control pieces are nothing, `▁` is a space but for the first, and pieces it does not know are text. */
  openTextStream(): TextStream {
    return new PieceStream(this);
  }

  #bytesOf(text: string): Piece[] {
    return Array.from(new TextEncoder().encode(text), (byte) => {
      const piece = pieceOfByte(byte);
      return { text: piece, id: this.#ids.get(piece)! };
    });
  }
}

type Entry = [piece: string, id: number];

function piecesOf({ pieces, types }: SentencePieceModel, wanted: readonly number[]): Entry[] {
  return pieces.flatMap((piece, id): Entry[] => (wanted.includes(types[id]!) ? [[piece, id]] : []));
}

function createBpe(model: SentencePieceModel, userDefined: PieceTrie | undefined): SubwordModel {
  const { normal, unused } = PIECE_TYPES;
  return new MergingModel({
    ids: new Map(piecesOf(model, [normal, PIECE_TYPES.userDefined, unused])),
    scores: model.scores,
    unused: new Set(piecesOf(model, [unused]).map(([, id]) => id)),
    userDefined,
    unkId: model.unkId,
  });
}

/** A user-defined piece gets -0.1, and more where scores are positive, so that it is nearly always taken. */
function createUnigram(model: SentencePieceModel): SubwordModel {
  const { normal, userDefined } = PIECE_TYPES;
  const scores = Float64Array.from(model.scores);
  let [lowest, highest] = [Number.POSITIVE_INFINITY, 0];
  for (const [, id] of piecesOf(model, [normal])) {
    lowest = Math.min(lowest, scores[id]!);
    highest = Math.max(highest, scores[id]!);
  }
  for (const [piece, id] of piecesOf(model, [userDefined]))
    scores[id] = Math.fround(new TextEncoder().encode(piece).length * highest) - 0.1;
  return new UnigramModel({
    pieces: piecesOf(model, [normal, userDefined]),
    scores,
    unkId: model.unkId,
    unkScore: (Number.isFinite(lowest) ? lowest : 0) - UNKNOWN_PENALTY,
    precision: 'float32',
  });
}

/** `SentencePieceProcessor::Decode`. */
class PieceStream implements TextStream {
  readonly #processor: SentencePiece;
  readonly #utf8 = new Utf8Stream();
  /** Whether a space at the beginning of the next piece is the one that encoding has added. */
  #atStart = true;

  constructor(processor: SentencePiece) {
    this.#processor = processor;
  }

  push(piece: string): string {
    const { model } = this.#processor;
    const id = this.#processor.idOf(piece);
    const type = id === undefined ? undefined : model.types[id];
    if (type === PIECE_TYPES.byte) return this.#written(this.#utf8.push(Uint8Array.of(byteOfPiece(piece)!)));
    const before = this.#written(this.#utf8.end());
    if (type === PIECE_TYPES.control) return before;
    if (type === PIECE_TYPES.unknown) return before + this.#written(model.unkSurface);
    return before + this.#written(this.#withoutAddedSpace(piece).replaceAll(SPACE_SYMBOL, ' '));
  }

  end(): string {
    return this.#written(this.#utf8.end());
  }

  #withoutAddedSpace(piece: string): string {
    const { addDummyPrefix, removeExtraWhitespaces } = this.#processor.model.normalizer;
    if (!this.#atStart || !(addDummyPrefix || removeExtraWhitespaces) || !piece.startsWith(SPACE_SYMBOL)) return piece;
    if (!removeExtraWhitespaces) this.#atStart = false;
    return piece.slice(SPACE_SYMBOL.length);
  }

  #written(text: string): string {
    if (text !== '') this.#atStart = false;
    return text;
  }
}
