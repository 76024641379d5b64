import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** Tokens `start` to `end` − 1 of a text, which make one word. */
export interface WordSpan {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** What vocabularies mark the beginning of a word with. */
const WORD_START = /^([▁Ġ ]|<0x20>$)/;

/** The words of a text in tokens: each begins at a token that is marked so. Special tokens belong to none. */
export function wordSpans(tokenIds: readonly number[], tokenizer: Tokenizer): readonly WordSpan[] {
  const spans: { start: number; end: number }[] = [];
  let isApart = true;
  for (const [i, id] of tokenIds.entries()) {
    if (tokenizer.isSpecial(id)) {
      isApart = true;
      continue;
    }
    const span = spans.at(-1);
    if (span === undefined || isApart || WORD_START.test(tokenizer.idToToken(id) ?? ''))
      spans.push({ start: i, end: i + 1 });
    else span.end = i + 1;
    isApart = false;
  }
  return spans.map(({ start, end }) => ({ text: tokenizer.decode(tokenIds.slice(start, end)).trim(), start, end }));
}
