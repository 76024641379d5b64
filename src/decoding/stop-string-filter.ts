/**
 * Passes text on up to the first stop string, however the text is cut into pieces. Text that may be the beginning of a stop
 * string is held back until it is known not to be. The first stop string to be complete ends the text; of those complete at
 * once, the longest.
 *
 * Each stop string is followed by an automaton (Knuth, Morris, Pratt 1977), so the time does not depend on their lengths.
 */
export class StopStringFilter {
  readonly #matchers: readonly Matcher[];
  #held = '';
  #isStopped = false;

  constructor(stopStrings: readonly string[]) {
    if (stopStrings.includes('')) throw new RangeError('Cannot look for stop strings: one is empty');
    this.#matchers = stopStrings.map((text) => ({ text, fallbacks: fallbacksOf(text), length: 0 }));
  }

  /** Whether a stop string has come; nothing more is passed on then. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** The text that has become final. */
  push(piece: string): string {
    if (this.#isStopped) return '';
    const text = this.#held + piece;
    for (let end = this.#held.length; end < text.length; end++) {
      const matched = this.#advance(text[end]!);
      if (matched === undefined) continue;
      this.#isStopped = true;
      this.#held = '';
      return text.slice(0, end + 1 - matched);
    }
    const numHeld = this.#matchers.reduce((longest, { length }) => Math.max(longest, length), 0);
    this.#held = text.slice(text.length - numHeld);
    return text.slice(0, text.length - numHeld);
  }

  /** What was held back, when no more text comes. */
  flush(): string {
    const text = this.#held;
    this.#held = '';
    return text;
  }

  /** Length of the longest stop string that this character completes. */
  #advance(character: string): number | undefined {
    let longest: number | undefined;
    for (const matcher of this.#matchers) {
      while (matcher.length > 0 && matcher.text[matcher.length] !== character) {
        matcher.length = matcher.fallbacks[matcher.length - 1]!;
      }
      if (matcher.text[matcher.length] === character) matcher.length++;
      if (matcher.length === matcher.text.length) longest = Math.max(longest ?? 0, matcher.length);
    }
    return longest;
  }
}

interface Matcher {
  readonly text: string;
  /** Entry i: the longest proper beginning of `text` that is also an end of its first i + 1 characters. */
  readonly fallbacks: readonly number[];
  /** Characters of `text` that the end of what has come matches. */
  length: number;
}

function fallbacksOf(text: string): readonly number[] {
  const fallbacks = [0];
  let length = 0;
  for (let i = 1; i < text.length; i++) {
    while (length > 0 && text[i] !== text[length]) length = fallbacks[length - 1]!;
    if (text[i] === text[length]) length++;
    fallbacks.push(length);
  }
  return fallbacks;
}
