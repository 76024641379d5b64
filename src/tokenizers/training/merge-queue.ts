import { growArray } from '../../base/grow-array.ts';
import type { PairTable } from './pair-table.ts';

/** A pair that may be merged, how often it occurred when it came into the queue, and the words that it occurred in. */
export interface Candidate {
  readonly pair: number;
  readonly count: number;
  /** Of `WordLists`. */
  readonly words: number;
}

/**
 * Candidates, the most frequent pair first, and of equally frequent ones the one with the lower ids. Counts may have
 * fallen since: who takes the first looks at its count again.
 */
export class MergeQueue {
  readonly #pairs: PairTable;
  #size = 0;
  /** A binary heap in three columns. */
  #pair = new Int32Array(1024);
  #count = new Float64Array(1024);
  #words = new Int32Array(1024);

  constructor(pairs: PairTable) {
    this.#pairs = pairs;
  }

  push(candidate: Candidate): void {
    let place = this.#size++;
    this.#pair = growArray(this.#pair, this.#size);
    this.#count = growArray(this.#count, this.#size);
    this.#words = growArray(this.#words, this.#size);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#isBefore(candidate, this.#at(parent))) break;
      this.#put(place, this.#at(parent));
      place = parent;
    }
    this.#put(place, candidate);
  }

  /** Takes the first candidate out; undefined if there is none. */
  pop(): Candidate | undefined {
    if (this.#size === 0) return undefined;
    const first = this.#at(0);
    const last = this.#at(--this.#size);
    let place = 0;
    for (let child = 1; child < this.#size; child = 2 * place + 1) {
      if (child + 1 < this.#size && this.#isBefore(this.#at(child + 1), this.#at(child))) child++;
      if (!this.#isBefore(this.#at(child), last)) break;
      this.#put(place, this.#at(child));
      place = child;
    }
    if (this.#size > 0) this.#put(place, last);
    return first;
  }

  #isBefore(a: Candidate, b: Candidate): boolean {
    if (a.count !== b.count) return a.count > b.count;
    const { left, right } = this.#pairs;
    const byLeft = left[a.pair]! - left[b.pair]!;
    return byLeft === 0 ? right[a.pair]! < right[b.pair]! : byLeft < 0;
  }

  #at(place: number): Candidate {
    return { pair: this.#pair[place]!, count: this.#count[place]!, words: this.#words[place]! };
  }

  #put(place: number, { pair, count, words }: Candidate): void {
    this.#pair[place] = pair;
    this.#count[place] = count;
    this.#words[place] = words;
  }
}
