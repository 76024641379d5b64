const WORD_START = '▁';

/**
 * A SentencePiece BPE model gets a whole text as one word, in which it looks for the best merge again and again. Where no
 * token has a `▁` after another character, no merge crosses the beginning of a word, and the words can be encoded one by
 * one to the same ids: many times as fast, since words repeat. Returns undefined where that does not hold.
 */
export function wordSplitter(vocab: Iterable<string>): ((text: string) => string[]) | undefined {
  for (const token of vocab) if (/[^▁]▁/u.test(token)) return undefined;
  return splitWords;
}

/** Before each run of `▁` that follows another character. */
function splitWords(text: string): string[] {
  const words: string[] = [];
  let start = 0;
  for (let at = text.indexOf(WORD_START, 1); at > 0; at = text.indexOf(WORD_START, at + 1)) {
    if (text[at - 1] === WORD_START) continue;
    words.push(text.slice(start, at));
    start = at;
  }
  if (start < text.length) words.push(text.slice(start));
  return words;
}
