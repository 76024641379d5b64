import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** The ways a word may be written in tokens: at the beginning of a text, and after a space. */
export function badWordIds(tokenizer: Tokenizer, words: readonly string[]): readonly (readonly number[])[] {
  const spellings = words.flatMap((word) => [word, ` ${word.trimStart()}`]);
  const ids = spellings.map((text) => tokenizer.encode(text, { addSpecialTokens: false }));
  return ids.filter((tokens) => tokens.length > 0);
}
