import { PieceTrie } from './piece-trie.ts';
import { characterLength, type Piece, type SubwordModel } from './subword-model.ts';

/** What a `UnigramModel` is made of. */
export interface UnigramParts {
  /** The pieces that may be used, each with its id. */
  readonly pieces: Iterable<readonly [piece: string, id: number]>;
  /** Log probabilities by id. */
  readonly scores: ArrayLike<number>;
  /** Undefined for a model that knows every character of its texts; `segment` throws where it does not. */
  readonly unkId: number | undefined;
  /** The log probability of one unknown character. */
  readonly unkScore: number;
  /** What sums are rounded to, which decides between cuts that are equal or nearly: SentencePiece has float32, Hugging Face float64. */
  readonly precision: 'float32' | 'float64';
}

/**
 * The cut of the highest probability, if pieces follow one another independently (Kudo 2018): Viterbi's search, whose time is the
 * length of the text times the number of pieces that begin at a place. Of equal cuts it takes the one found first, as SentencePiece's
 * `EncodeOptimized` does: whose last piece begins earlier.
 */
export class UnigramModel implements SubwordModel {
  readonly #trie: PieceTrie;
  readonly #scores: ArrayLike<number>;
  readonly #unkId: number | undefined;
  readonly #unkScore: number;
  readonly #isSingle: boolean;
  /** By end of a piece: the score of the best cut up to there, where its last piece starts (-1: not reached), that piece's id. */
  #best: Float32Array | Float64Array = new Float64Array();
  #starts = new Int32Array();
  #ids = new Int32Array();

  constructor({ pieces, scores, unkId, unkScore, precision }: UnigramParts) {
    this.#trie = new PieceTrie(pieces);
    this.#scores = scores;
    this.#unkId = unkId;
    this.#isSingle = precision === 'float32';
    this.#unkScore = this.#isSingle ? Math.fround(unkScore) : unkScore;
  }

  /** Throws a `RangeError` for an unknown character, if there is no id for it. */
  segment(text: string): Piece[] {
    this.#reset(text.length);
    for (let start = 0; start < text.length; ) {
      const next = start + characterLength(text, start);
      if (!this.#extend(text, start, next)) this.#extendByUnknown(text, start, next);
      start = next;
    }
    return this.#traceBack(text);
  }

  #reset(length: number): void {
    if (this.#starts.length <= length) {
      const size = Math.max(256, 2 * length);
      this.#best = this.#isSingle ? new Float32Array(size) : new Float64Array(size);
      this.#starts = new Int32Array(size);
      this.#ids = new Int32Array(size);
    }
    this.#starts.fill(-1, 0, length + 1);
    this.#best[0] = 0;
  }

  /** Tries every piece that begins at `start`; tells whether one of them is the character alone. */
  #extend(text: string, start: number, next: number): boolean {
    const before = this.#best[start]!;
    let hasCharacter = false;
    this.#trie.forEachMatch(text, start, (id, end) => {
      if (end === next) hasCharacter = true;
      this.#offer(start, end, id, before + this.#scores[id]!);
    });
    return hasCharacter;
  }

  #extendByUnknown(text: string, start: number, next: number): void {
    if (this.#unkId === undefined)
      throw new RangeError(
        `Cannot encode ${JSON.stringify(text.slice(start, next))}: the vocabulary has neither the character nor a token for unknown ones`,
      );
    const score = this.#best[start]! + this.#unkScore;
    this.#offer(start, next, this.#unkId, this.#isSingle ? Math.fround(score) : score);
  }

  #offer(start: number, end: number, id: number, score: number): void {
    if (this.#starts[end] !== -1 && !(score > this.#best[end]!)) return;
    this.#best[end] = score;
    this.#starts[end] = start;
    this.#ids[end] = id;
  }

  #traceBack(text: string): Piece[] {
    const pieces: Piece[] = [];
    for (let end = text.length; end > 0; end = this.#starts[end]!)
      pieces.push({ text: text.slice(this.#starts[end], end), id: this.#ids[end]! });
    return pieces.reverse();
  }
}
