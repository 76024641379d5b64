import { EventBreaks } from '../../base/event-breaks.ts';
import { BYTE_CHARACTERS } from '../byte-level.ts';
import { PairMerging } from './pair-merging.ts';
import { SpelledWords } from './spelled-words.ts';
import type { TrainingControl } from './training-options.ts';
import { Vocabulary } from './vocabulary.ts';

export interface MergeOptions extends TrainingControl {
  readonly vocabSize: number;
  readonly minFrequency: number;
  readonly specialTokens: readonly string[];
}

export interface LearnedMerges {
  /** By id: special tokens, the alphabet, what was merged. */
  readonly tokens: readonly string[];
  /** In the order in which they are applied. */
  readonly merges: readonly (readonly [left: string, right: string])[];
}

/**
 * Byte pair encoding (Sennrich et al. 2016, algorithm 1) over bytes: the most frequent pair of neighbours becomes a token,
 * again and again; of equally frequent ones the pair with the lower ids, as in the `BpeTrainer` of Hugging Face's
 * `tokenizers`. All words are spelled by the same merges, so no two pairs ever make the same token.
 */
export async function learnMerges(
  wordCounts: ReadonlyMap<string, number>,
  options: MergeOptions,
): Promise<LearnedMerges> {
  const { vocabSize, minFrequency, specialTokens, signal, onProgress } = options;
  const vocabulary = new Vocabulary();
  for (const token of specialTokens) vocabulary.idOf(token);
  for (const character of [...BYTE_CHARACTERS].sort()) vocabulary.idOf(character);
  const byteIds = BYTE_CHARACTERS.map((character) => vocabulary.idOf(character));
  const merging = new PairMerging(new SpelledWords(wordCounts, byteIds));
  const merges: LearnedMerges['merges'][number][] = [];
  const breaks = new EventBreaks();
  while (vocabulary.size < vocabSize) {
    const best = merging.takeMostFrequent(minFrequency);
    if (best === undefined) break;
    const [left, right] = merging.idsOf(best);
    const parts = [vocabulary.tokens[left]!, vocabulary.tokens[right]!] as const;
    merging.merge(best, vocabulary.idOf(parts.join('')));
    merges.push(parts);
    onProgress?.({ status: 'merging', loaded: vocabulary.size, total: vocabSize });
    await breaks.take();
    signal?.throwIfAborted();
  }
  return { tokens: vocabulary.tokens, merges };
}
