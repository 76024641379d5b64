import { Heap } from '../../base/heap.ts';
import { rememberWords } from '../remember-words.ts';
import { wordSplitter } from '../split-words.ts';
import type { PieceTrie } from './piece-trie.ts';
import { characterLength, type Piece, type SubwordModel } from './subword-model.ts';

/** What a `MergingModel` is made of. */
export interface MergingParts {
  /** The ids of the pieces that merging may make. */
  readonly ids: ReadonlyMap<string, number>;
  /** By id; the highest is merged first. */
  readonly scores: ArrayLike<number>;
  /** Pieces that merging may pass through and that are cut again at the end. */
  readonly unused: ReadonlySet<number>;
  /** Pieces that are never merged. */
  readonly userDefined: PieceTrie | undefined;
  readonly unkId: number;
}

/**
 * SentencePiece's byte-pair encoding (Sennrich et al. 2016): of all neighbours whose union is a piece, those with the highest score
 * are merged, the leftmost of equals, until none is left. O(n log n).
 */
export class MergingModel implements SubwordModel {
  readonly #parts: MergingParts;
  readonly #wordsOf: (text: string) => readonly string[];
  readonly #cutWord: (word: string) => readonly Piece[];

  constructor(parts: MergingParts) {
    this.#parts = parts;
    this.#wordsOf = wordSplitter(parts.ids.keys()) ?? ((text) => [text]);
    this.#cutWord = rememberWords((word) => this.#cut(word));
  }

  /** Word by word, where no piece reaches across the beginning of one. */
  segment(text: string): Piece[] {
    return this.#wordsOf(text).flatMap((word) => this.#cutWord(word));
  }

  #cut(text: string): Piece[] {
    const symbols = this.#split(text);
    const cuts = this.#merge(text, symbols);
    const pieces: Piece[] = [];
    for (let at: Symbol | undefined = symbols[0]; at !== undefined; at = at.next)
      this.#addPieces(text.slice(at.start, at.end), cuts, pieces);
    return pieces;
  }

  /** Characters, and user-defined pieces, linked in order. */
  #split(text: string): Symbol[] {
    const symbols: Symbol[] = [];
    for (let start = 0; start < text.length; ) {
      const longest = this.#parts.userDefined?.longestMatch(text, start)?.end;
      const end = longest ?? start + characterLength(text, start);
      const previous = symbols.at(-1);
      const symbol = { start, end, isFrozen: longest !== undefined, isGone: false, previous, next: undefined };
      if (previous !== undefined) previous.next = symbol;
      symbols.push(symbol);
      start = end;
    }
    return symbols;
  }

  /** Merges the symbols; returns of what each unused piece was made. */
  #merge(text: string, symbols: readonly Symbol[]): ReadonlyMap<string, number> {
    const { ids, scores, unused } = this.#parts;
    const queue = new Heap<Pair>((a, b) => a.score > b.score || (a.score === b.score && a.left.start < b.left.start));
    const cuts = new Map<string, number>();
    const offer = (left: Symbol | undefined, right: Symbol | undefined) => {
      if (left === undefined || right === undefined || left.isFrozen || right.isFrozen) return;
      const piece = text.slice(left.start, right.end);
      const id = ids.get(piece);
      if (id === undefined) return;
      queue.push({ left, right, end: right.end, score: scores[id]! });
      if (unused.has(id)) cuts.set(piece, right.start - left.start);
    };
    for (const symbol of symbols) offer(symbol, symbol.next);
    for (let pair = queue.pop(); pair !== undefined; pair = queue.pop()) {
      const { left, right, end } = pair;
      if (left.isGone || right.isGone || left.end !== right.start || right.end !== end) continue;
      left.end = end;
      left.next = right.next;
      if (right.next !== undefined) right.next.previous = left;
      right.isGone = true;
      offer(left.previous, left);
      offer(left, left.next);
    }
    return cuts;
  }

  #addPieces(text: string, cuts: ReadonlyMap<string, number>, pieces: Piece[]): void {
    const { ids, unused, unkId } = this.#parts;
    const id = ids.get(text) ?? unkId;
    const cut = unused.has(id) ? cuts.get(text) : undefined;
    if (cut === undefined) {
      pieces.push({ text, id });
      return;
    }
    this.#addPieces(text.slice(0, cut), cuts, pieces);
    this.#addPieces(text.slice(cut), cuts, pieces);
  }
}

/** A stretch of the text. */
interface Symbol {
  readonly start: number;
  end: number;
  readonly isFrozen: boolean;
  /** Merged into the one before. */
  isGone: boolean;
  previous: Symbol | undefined;
  next: Symbol | undefined;
}

/** Two neighbours that may be merged, if they are still what they were. */
interface Pair {
  readonly left: Symbol;
  readonly right: Symbol;
  readonly end: number;
  readonly score: number;
}
