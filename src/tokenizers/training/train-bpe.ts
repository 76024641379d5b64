import type { Corpus } from './corpus.ts';
import { countWords } from './count-words.ts';
import { learnMerges } from './learn-merges.ts';
import { createFiles, type TrainedTokenizer } from './trained-tokenizer.ts';
import {
  type BpeTrainingOptions,
  expectAmong,
  expectCount,
  expectKnownOptions,
  expectSpecialTokens,
} from './training-options.ts';

/** A trained BPE. */
export interface TrainedBpe extends TrainedTokenizer {
  readonly numMerges: number;
  /** Words of the text, in GPT-2's sense: most begin with a space. */
  readonly numWords: number;
  readonly numDistinctWords: number;
}

const OPTION_NAMES = [
  'vocabSize',
  'minFrequency',
  'specialTokens',
  'endToken',
  'padToken',
  'signal',
  'onProgress',
] as const satisfies readonly (keyof BpeTrainingOptions)[];

const NUM_BYTES = 256;

/**
 * Trains a byte-level BPE in GPT-2's manner (Radford et al. 2019): any text can be encoded, and decodes to itself. The
 * vocabulary is `specialTokens` (`<|endoftext|>` unless given), the 256 bytes, and what was merged, in this order. The
 * same text gives the same tokenizer, and Hugging Face's `tokenizers` gives it too (`ByteLevel` with its expression,
 * `BpeTrainer` with the whole alphabet). A text in chunks may be larger than memory: only its different words are kept.
 *
 * Throws a `TypeError` or `RangeError` for options that cannot be, and an `Error` for a text without characters.
 *
 * @example
 * const { files } = await trainBpe('low lower lowest, slow slower', { vocabSize: 264 });
 * const tokenizer = new HuggingFaceTokenizer(files['tokenizer.json'], files['tokenizer_config.json']);
 * tokenizer.decode(tokenizer.encode('slowest')); // 'slowest'
 */
export async function trainBpe(corpus: Corpus, options: BpeTrainingOptions): Promise<TrainedBpe> {
  expectKnownOptions(options, OPTION_NAMES);
  const { vocabSize, minFrequency = 2, specialTokens = ['<|endoftext|>'], signal, onProgress } = options;
  const { endToken, padToken } = options;
  expectSpecialTokens(specialTokens);
  expectAmong(specialTokens, options);
  expectCount('minFrequency', minFrequency, 0);
  const least = NUM_BYTES + specialTokens.length;
  expectCount('vocabSize', vocabSize, least, ` (${NUM_BYTES} bytes, ${specialTokens.length} special)`);
  const { counts, numCharacters } = await countWords(corpus, specialTokens, { signal, onProgress });
  if (counts.size === 0) throw new Error('Cannot train a tokenizer: the text is empty');
  const settings = { vocabSize, minFrequency, specialTokens, signal, onProgress };
  const { tokens, merges } = await learnMerges(counts, settings);
  return {
    files: createFiles({ tokens, merges, specialTokens, endToken, padToken, steps: BYTE_LEVEL }),
    vocabSize: tokens.length,
    numMerges: merges.length,
    numCharacters,
    numWords: sum(counts.values()),
    numDistinctWords: counts.size,
  };
}

const BYTE_LEVEL = {
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  post_processor: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true },
  decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
};

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
