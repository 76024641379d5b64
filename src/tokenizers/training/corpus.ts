/**
 * What a tokenizer is trained on: one text, whole or in chunks, or several texts. No word goes on from one text to the
 * next, whereas chunks may be cut anywhere.
 */
export type Corpus = string | AsyncIterable<string> | Iterable<string | AsyncIterable<string>>;

/** Stands between two texts of a corpus. */
export const END_OF_TEXT = Symbol('end of text');

/** The chunks of every text, and `END_OF_TEXT` after each. Throws a `TypeError` for a chunk that is not a string. */
export async function* readCorpus(corpus: Corpus): AsyncGenerator<string | typeof END_OF_TEXT> {
  const texts = typeof corpus === 'string' || isStream(corpus) ? [corpus] : corpus;
  for (const text of texts) {
    if (typeof text === 'string') yield text;
    else for await (const chunk of text) yield requireString(chunk);
    yield END_OF_TEXT;
  }
}

function isStream(corpus: Exclude<Corpus, string>): corpus is AsyncIterable<string> {
  return Symbol.asyncIterator in corpus;
}

function requireString(chunk: unknown): string {
  if (typeof chunk === 'string') return chunk;
  const got = chunk instanceof Uint8Array ? 'bytes' : typeof chunk;
  throw new TypeError(`Cannot train a tokenizer: a chunk of its text is ${got}, wanted a string`);
}
