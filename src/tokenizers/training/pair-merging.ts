import { type Candidate, MergeQueue } from './merge-queue.ts';
import { PairTable } from './pair-table.ts';
import type { NeighbourListener, SpelledWords } from './spelled-words.ts';
import { WordLists } from './word-lists.ts';

/** Knows of every pair of neighbours how often it occurs and in which words, while pairs are merged. */
export class PairMerging {
  readonly #words: SpelledWords;
  readonly #pairs = new PairTable();
  readonly #queue = new MergeQueue(this.#pairs);
  readonly #lists = new WordLists();
  /** Pairs that have come into words since they were last queued. */
  readonly #fresh: number[] = [];

  constructor(words: SpelledWords) {
    this.#words = words;
    for (let word = 0; word < words.numWords; word++) words.visitPairs(word, this.#listenerOf(word));
    this.#queueFresh();
  }

  /** Takes the most frequent pair, if there is one that occurs often enough. */
  takeMostFrequent(minFrequency: number): Candidate | undefined {
    for (let first = this.#queue.pop(); first !== undefined; first = this.#queue.pop()) {
      const count = this.#pairs.counts[first.pair]!;
      if (count === first.count) return count >= Math.max(1, minFrequency) ? first : undefined;
      this.#queue.push({ ...first, count });
    }
    return undefined;
  }

  /** The ids of a pair. */
  idsOf({ pair }: Candidate): readonly [left: number, right: number] {
    return [this.#pairs.left[pair]!, this.#pairs.right[pair]!];
  }

  /** Merges a pair that was taken, in the words that have it. It does not come again: new pairs have a new token. */
  merge(candidate: Candidate, merged: number): void {
    const [left, right] = this.idsOf(candidate);
    this.#lists.consume(candidate.words, (word) => {
      this.#words.merge(word, { left, right, merged }, this.#listenerOf(word));
    });
    this.#queueFresh();
  }

  #listenerOf(word: number): NeighbourListener {
    const pairs = this.#pairs;
    const count = this.#words.counts[word]!;
    return (left, right, change) => {
      const pair = pairs.indexOf(left, right);
      pairs.counts[pair]! += change * count;
      if (change < 0) return;
      const list = pairs.words[pair]!;
      if (list === 0) this.#fresh.push(pair);
      pairs.words[pair] = this.#lists.add(list, word);
    };
  }

  #queueFresh(): void {
    const { counts, words } = this.#pairs;
    for (const pair of this.#fresh) {
      if (counts[pair]! > 0) this.#queue.push({ pair, count: counts[pair]!, words: words[pair]! });
      else this.#lists.consume(words[pair]!, () => {});
      words[pair] = 0;
    }
    this.#fresh.length = 0;
  }
}
