import { growArray } from '../../base/grow-array.ts';

/** Lists of words (their numbers) in common memory. A list is the number of its last entry; 0 is the empty list. */
export class WordLists {
  #words = new Int32Array(4096);
  #before = new Int32Array(4096);
  #size = 1;
  /** Entries that are used no more, as a list. */
  #free = 0;

  /** The list with one word more, which is added once if the same is added twice in a row. */
  add(list: number, word: number): number {
    if (list !== 0 && this.#words[list] === word) return list;
    const entry = this.#takeEntry();
    this.#words[entry] = word;
    this.#before[entry] = list;
    return entry;
  }

  /** Visits the words of a list, which is gone then. */
  consume(list: number, visit: (word: number) => void): void {
    for (let entry = list; entry !== 0; ) {
      const word = this.#words[entry]!;
      const before = this.#before[entry]!;
      this.#before[entry] = this.#free;
      this.#free = entry;
      entry = before;
      visit(word);
    }
  }

  #takeEntry(): number {
    const entry = this.#free;
    if (entry !== 0) {
      this.#free = this.#before[entry]!;
      return entry;
    }
    this.#words = growArray(this.#words, this.#size + 1);
    this.#before = growArray(this.#before, this.#size + 1);
    return this.#size++;
  }
}
