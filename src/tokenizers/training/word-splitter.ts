import { GPT2_PATTERN } from '../gpt2-pattern.ts';

/** A word is sure once so many characters are known behind it: the expression looks no further. */
const LOOKAHEAD = 2;

/** Splits a text in chunks into GPT-2's words; they do not depend on where it was cut. */
export class WordSplitter {
  #pending = '';
  #worthwhile = 0;

  /** The words that no later chunk can change. */
  push(chunk: string): string[] {
    this.#pending += chunk;
    // A word longer than many chunks must not be read again with each of them.
    if (this.#pending.length < this.#worthwhile) return [];
    const words = this.#pending.match(GPT2_PATTERN) ?? [];
    let held = 0;
    while (words.length > 0 && held < LOOKAHEAD) held += words.pop()!.length;
    this.#pending = this.#pending.slice(this.#pending.length - held);
    this.#worthwhile = 2 * held;
    return words;
  }

  /** The last words of the text; what comes next is another one. */
  end(): string[] {
    const words = this.#pending.match(GPT2_PATTERN) ?? [];
    this.#pending = '';
    this.#worthwhile = 0;
    return words;
  }
}
