/**
 * Cuts a text in chunks at special tokens, as encoding does, so that nothing is learned of how they are spelled. No
 * piece ends within a character.
 */
export class TextCutter {
  readonly #pattern: RegExp;
  readonly #longest: number;
  #pending = '';

  constructor(specialTokens: readonly string[]) {
    const longestFirst = [...specialTokens].sort((a, b) => b.length - a.length);
    this.#pattern = new RegExp(longestFirst.map(toPattern).join('|') || '(?!)', 'gu');
    this.#longest = longestFirst[0]?.length ?? 1;
  }

  /** The next pieces; a text ends between two of them. What may be the beginning of a special token is held back. */
  push(chunk: string): string[] {
    this.#pending += chunk;
    const limit = this.#pending.length - this.#longest + 1;
    return this.#cut(isHighSurrogate(this.#pending.charCodeAt(limit - 1)) ? limit - 1 : limit);
  }

  /** What was held back. */
  end(): string[] {
    return this.#cut(this.#pending.length);
  }

  /** Decides of everything before `limit` whether a special token begins there. */
  #cut(limit: number): string[] {
    const pieces: string[] = [];
    let start = 0;
    for (const { 0: token, index } of this.#pending.matchAll(this.#pattern)) {
      if (index >= limit) break;
      pieces.push(this.#pending.slice(start, index));
      start = index + token.length;
    }
    const end = Math.max(start, limit);
    pieces.push(this.#pending.slice(start, end));
    this.#pending = this.#pending.slice(end);
    return pieces;
  }
}

function isHighSurrogate(codeUnit: number): boolean {
  return codeUnit >= 0xd800 && codeUnit < 0xdc00;
}

function toPattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/gu, '\\$&');
}
