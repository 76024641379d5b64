import { growArray } from '../../base/grow-array.ts';

/** Told of each pair of neighbours that comes (+1) or goes (−1) where two tokens are merged. */
export type NeighbourListener = (left: number, right: number, change: 1 | -1) => void;

/** Words as tokens, which get fewer as they are merged, and how often each word occurs. */
export class SpelledWords {
  readonly counts: Float64Array;
  /** The tokens of all words, one word after the other. */
  readonly #tokens: Int32Array;
  /** Where each word begins in them, and where the last one ends. */
  readonly #starts: Int32Array;
  readonly #lengths: Int32Array;

  /** Words of one byte are left out: nothing can be merged in them. `byteIds` are the tokens of the bytes. */
  constructor(wordCounts: ReadonlyMap<string, number>, byteIds: readonly number[]) {
    const encoder = new TextEncoder();
    let tokens = new Int32Array(1024);
    const starts: number[] = [0];
    const counts: number[] = [];
    for (const [word, count] of wordCounts) {
      const bytes = encoder.encode(word);
      if (bytes.length < 2) continue;
      const start = starts.at(-1)!;
      tokens = growArray(tokens, start + bytes.length);
      for (let i = 0; i < bytes.length; i++) tokens[start + i] = byteIds[bytes[i]!]!;
      starts.push(start + bytes.length);
      counts.push(count);
    }
    this.#tokens = tokens;
    this.#starts = Int32Array.from(starts);
    this.#lengths = Int32Array.from(counts, (_, word) => starts[word + 1]! - starts[word]!);
    this.counts = Float64Array.from(counts);
  }

  get numWords(): number {
    return this.counts.length;
  }

  visitPairs(word: number, visit: NeighbourListener): void {
    const start = this.#starts[word]!;
    const end = start + this.#lengths[word]!;
    for (let i = start + 1; i < end; i++) visit(this.#tokens[i - 1]!, this.#tokens[i]!, 1);
  }

  /** Makes one token of every `left` and `right` in a word, from its beginning on. */
  merge(word: number, { left, right, merged }: Merge, onChange: NeighbourListener): void {
    const tokens = this.#tokens;
    const start = this.#starts[word]!;
    const end = start + this.#lengths[word]!;
    let to = start;
    for (let from = start; from < end; to++) {
      const next = from + 1;
      if (tokens[from] !== left || next === end || tokens[next] !== right) {
        tokens[to] = tokens[from++]!;
        continue;
      }
      if (to > start) replaced(tokens[to - 1]!);
      from += 2;
      if (from < end) {
        onChange(right, tokens[from]!, -1);
        onChange(merged, tokens[from]!, 1);
      }
      tokens[to] = merged;
    }
    this.#lengths[word] = to - start;

    function replaced(before: number): void {
      onChange(before, left, -1);
      onChange(before, merged, 1);
    }
  }
}

/** Two tokens and the one they become. */
export interface Merge {
  readonly left: number;
  readonly right: number;
  readonly merged: number;
}
