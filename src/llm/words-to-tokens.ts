import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** The ways a word may be written in tokens: at the beginning of a text, and after a space. */
export function badWordIds(tokenizer: Tokenizer, words: readonly string[]): readonly (readonly number[])[] {
  const spellings = words.flatMap((word) => [word, ` ${word.trimStart()}`]);
  const ids = spellings.map((text) => tokenizer.encode(text, { addSpecialTokens: false }));
  return ids.filter((tokens) => tokens.length > 0);
}

/** Every token whose text holds one of the given texts. */
export function tokensWith(tokenizer: Tokenizer, texts: readonly string[]): ReadonlySet<number> {
  const ids = new Set<number>();
  for (let id = 0; id < tokenizer.vocabSize; id++) {
    const text = tokenizer.decode([id], { skipSpecialTokens: false });
    if (texts.some((wanted) => text.includes(wanted))) ids.add(id);
  }
  return ids;
}
