import { EventBreaks } from '../../base/event-breaks.ts';
import { type Corpus, END_OF_TEXT, readCorpus } from './corpus.ts';
import { TextCutter } from './text-cutter.ts';
import type { TrainingControl } from './training-options.ts';
import { WordSplitter } from './word-splitter.ts';

/** How often each word occurs in a text. */
export interface WordCounts {
  readonly counts: ReadonlyMap<string, number>;
  /** UTF-16 code units of the whole text. */
  readonly numCharacters: number;
}

/** JavaScript's limit of a map. */
const MAX_DISTINCT_WORDS = 2 ** 24 - 1;

/** Counts GPT-2's words in one pass; of the text nothing is kept but its different words. */
export async function countWords(
  corpus: Corpus,
  specialTokens: readonly string[],
  { signal, onProgress }: TrainingControl,
): Promise<WordCounts> {
  const counts = new Map<string, number>();
  const cutter = new TextCutter(specialTokens);
  const splitter = new WordSplitter();
  const breaks = new EventBreaks();
  let numCharacters = 0;
  const take = (pieces: readonly string[]) => {
    pieces.forEach((piece, i) => {
      if (i > 0) countInto(counts, splitter.end());
      countInto(counts, splitter.push(piece));
    });
  };
  for await (const chunk of readCorpus(corpus)) {
    if (chunk === END_OF_TEXT) {
      take(cutter.end());
      countInto(counts, splitter.end());
    } else {
      take(cutter.push(chunk));
      numCharacters += chunk.length;
      onProgress?.({ status: 'counting', loaded: numCharacters });
    }
    await breaks.take();
    signal?.throwIfAborted();
  }
  return { counts, numCharacters };
}

function countInto(counts: Map<string, number>, words: readonly string[]): void {
  for (const word of words) {
    const count = counts.get(word);
    if (count !== undefined) counts.set(word, count + 1);
    else counts.set(detach(word, counts.size), 1);
  }
}

/** A copy of its own: a word cut out of a chunk would keep the whole chunk in memory. */
function detach(word: string, numWords: number): string {
  if (numWords >= MAX_DISTINCT_WORDS)
    throw new RangeError(
      `Cannot train a tokenizer: the text has more than ${MAX_DISTINCT_WORDS} different words; train on a part of it`,
    );
  return ` ${word}`.slice(1);
}
