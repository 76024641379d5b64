import { growArray } from '../../base/grow-array.ts';

/** Pairs of neighbouring tokens, numbered from 0 as they come, with how often each occurs in the text. */
export class PairTable {
  size = 0;
  left = new Int32Array(1024);
  right = new Int32Array(1024);
  counts = new Float64Array(1024);
  /** Words that a pair has come into since it was last queued, as a list of `WordLists`. */
  words = new Int32Array(1024);
  /** Open addressing over a power of two: the number of a pair and one, or 0 where there is none. */
  #slots = new Int32Array(4096);

  /** The number of a pair; a new one occurs 0 times. */
  indexOf(left: number, right: number): number {
    let slot = this.#slotOf(left, right);
    if (this.#slots[slot] !== 0) return this.#slots[slot]! - 1;
    if (2 * this.size >= this.#slots.length) {
      this.#rehash();
      slot = this.#slotOf(left, right);
    }
    const pair = this.size++;
    this.#reserve(this.size);
    this.left[pair] = left;
    this.right[pair] = right;
    this.#slots[slot] = pair + 1;
    return pair;
  }

  /** Where a pair is, or where it belongs. */
  #slotOf(left: number, right: number): number {
    const mask = this.#slots.length - 1;
    const mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    let slot = (mixed ^ (mixed >>> 15)) & mask;
    for (let pair = this.#slots[slot]! - 1; pair >= 0; pair = this.#slots[slot]! - 1) {
      if (this.left[pair] === left && this.right[pair] === right) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #rehash(): void {
    this.#slots = new Int32Array(4 * this.#slots.length);
    for (let pair = 0; pair < this.size; pair++)
      this.#slots[this.#slotOf(this.left[pair]!, this.right[pair]!)] = pair + 1;
  }

  #reserve(length: number): void {
    this.left = growArray(this.left, length);
    this.right = growArray(this.right, length);
    this.counts = growArray(this.counts, length);
    this.words = growArray(this.words, length);
  }
}
