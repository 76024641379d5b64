import { PieceTrie } from './piece-trie.ts';

/** A token that is found in a text before it is cut into pieces. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** No part of the text: left out when decoding. */
  readonly isSpecial: boolean;
  /** Whether white space before or behind it goes with it. */
  readonly stripsLeft?: boolean;
  readonly stripsRight?: boolean;
}

/** Cuts a text at added tokens, the leftmost first, the longest of those that begin at one place; empty stretches are left out. */
export function splitterOf(tokens: readonly AddedToken[]): (text: string) => readonly (string | AddedToken)[] {
  const trie = new PieceTrie(tokens.map(({ content }, place) => [content, place] as const));
  return (text) => {
    const parts: (string | AddedToken)[] = [];
    let start = 0;
    let isStripped = false;
    const addText = (end: number, stripsRight: boolean) => {
      let part = text.slice(start, end);
      if (isStripped) part = part.trimStart();
      if (stripsRight) part = part.trimEnd();
      if (part !== '') parts.push(part);
    };
    for (let at = 0; at < text.length; ) {
      const found = trie.longestMatch(text, at);
      if (found === undefined) {
        at++;
        continue;
      }
      const token = tokens[found.value]!;
      addText(at, token.stripsLeft === true);
      parts.push(token);
      start = at = found.end;
      isStripped = token.stripsRight === true;
    }
    addText(text.length, false);
    return parts;
  };
}
