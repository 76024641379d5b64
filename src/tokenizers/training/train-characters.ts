import { EventBreaks } from '../../base/event-breaks.ts';
import { type Corpus, END_OF_TEXT, readCorpus } from './corpus.ts';
import { TextCutter } from './text-cutter.ts';
import { createFiles, type TrainedTokenizer } from './trained-tokenizer.ts';
import {
  type CharacterTrainingOptions,
  expectAmong,
  expectKnownOptions,
  expectSpecialTokens,
} from './training-options.ts';

const UNKNOWN = '<unk>';
const LONE_SURROGATE = /\p{Surrogate}/gu;

const OPTION_NAMES = [
  'specialTokens',
  'endToken',
  'padToken',
  'signal',
  'onProgress',
] as const satisfies readonly (keyof CharacterTrainingOptions)[];

/**
 * Makes a tokenizer whose tokens are the characters (code points) of a text, sorted, as nanoGPT's: the same ids. Behind
 * them come `<unk>`, which every other character becomes, and `specialTokens` (none unless given). A text of those
 * characters decodes to itself.
 *
 * Throws a `TypeError` or `RangeError` for options that cannot be, and an `Error` for a text without characters.
 *
 * @example
 * const { files } = await trainCharacters('hello world');
 * const tokenizer = new HuggingFaceTokenizer(files['tokenizer.json'], files['tokenizer_config.json']);
 * tokenizer.encode('low'); // [4, 5, 7]: of ' dehlorw'
 */
export async function trainCharacters(
  corpus: Corpus,
  options: CharacterTrainingOptions = {},
): Promise<TrainedTokenizer> {
  expectKnownOptions(options, OPTION_NAMES);
  const { specialTokens = [], endToken, padToken } = options;
  expectSpecialTokens(specialTokens);
  expectAmong(specialTokens, options);
  const special = [...new Set([UNKNOWN, ...specialTokens])];
  const { characters, numCharacters } = await collectCharacters(corpus, special, options);
  if (characters.length === 0) throw new Error('Cannot train a tokenizer: the text is empty');
  const tokens = [...new Set([...characters, ...special])];
  return {
    files: createFiles({
      ...{ tokens, merges: [], specialTokens: special, steps: CHARACTERS, unknownToken: UNKNOWN },
      ...{ endToken, padToken },
    }),
    vocabSize: tokens.length,
    numCharacters,
  };
}

const CHARACTERS = {
  pre_tokenizer: { type: 'Split', pattern: { Regex: '[\\s\\S]' }, behavior: 'Isolated', invert: false },
  post_processor: null,
  decoder: { type: 'Fuse' },
};

/** The different characters of a text in the order of their code points. */
async function collectCharacters(
  corpus: Corpus,
  specialTokens: readonly string[],
  { signal, onProgress }: CharacterTrainingOptions,
): Promise<{ readonly characters: readonly string[]; readonly numCharacters: number }> {
  const found = new Set<string>();
  const cutter = new TextCutter(specialTokens);
  const breaks = new EventBreaks();
  let numCharacters = 0;
  const take = (pieces: readonly string[]) => {
    for (const piece of pieces) for (const character of piece.replace(LONE_SURROGATE, '\ufffd')) found.add(character);
  };
  for await (const chunk of readCorpus(corpus)) {
    if (chunk === END_OF_TEXT) take(cutter.end());
    else {
      take(cutter.push(chunk));
      numCharacters += chunk.length;
      onProgress?.({ status: 'counting', loaded: numCharacters });
    }
    await breaks.take();
    signal?.throwIfAborted();
  }
  const characters = [...found].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
  return { characters, numCharacters };
}
