import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readGoldenJson } from '../../../test/goldens.ts';
import { HuggingFaceTokenizer } from '../hugging-face-tokenizer.ts';
import { trainBpe } from './train-bpe.ts';
import type { TrainedTokenizer } from './trained-tokenizer.ts';
import type { TrainingProgress } from './training-options.ts';

/** What Python's `tokenizers` learns from the same text. */
interface Golden {
  readonly trainingText: string;
  readonly texts: readonly string[];
  readonly cases: readonly {
    readonly vocabSize: number;
    readonly minFrequency: number;
    readonly specialTokens: readonly string[];
    readonly tokens: readonly string[];
    readonly merges: readonly string[];
    readonly ids: readonly (readonly number[])[];
  }[];
}

const golden = readGoldenJson<Golden>('tokenizer-training.json');

const open = ({ files }: TrainedTokenizer) =>
  new HuggingFaceTokenizer(files['tokenizer.json'], files['tokenizer_config.json']);
const mergesOf = ({ files }: TrainedTokenizer): string[] => JSON.parse(files['tokenizer.json']).model.merges;

async function* inChunks(text: string, lengths: readonly number[]): AsyncGenerator<string> {
  let start = 0;
  for (let i = 0; start < text.length; i++) {
    const end = start + lengths[i % lengths.length]!;
    yield text.slice(start, end);
    start = end;
  }
}

describe.each(golden.cases)('vocabulary of $vocabSize, pairs from $minFrequency on', (expected) => {
  const { vocabSize, minFrequency, specialTokens } = expected;

  test('equals what the Python library learns', async () => {
    const trained = await trainBpe(golden.trainingText, { vocabSize, minFrequency, specialTokens });
    const tokenizer = open(trained);
    expect(Array.from(expected.tokens, (_, id) => tokenizer.idToToken(id))).toEqual(expected.tokens);
    expect(mergesOf(trained)).toEqual(expected.merges);
    expect(trained).toMatchObject({ vocabSize: expected.tokens.length, numMerges: expected.merges.length });
    expect(tokenizer.vocabSize).toBe(expected.tokens.length);
    expect(golden.texts.map((text) => tokenizer.encode(text))).toEqual(expected.ids);
  });
});

test('chunks may be cut anywhere', async () => {
  const options = { vocabSize: 700 };
  const { files } = await trainBpe(golden.trainingText, options);
  const lengths = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(lengths, async (lengths) => {
      expect((await trainBpe(inChunks(golden.trainingText, lengths), options)).files).toEqual(files);
    }),
    { numRuns: 20 },
  );
});

test('every text decodes to itself', async () => {
  const tokenizer = open(await trainBpe(golden.trainingText, { vocabSize: 500 }));
  const unit = fc.oneof(
    fc.constantFrom(...'the wa\n\t\'s"<|é', 'ing', 'the ', '\u0085', '\ufeff', '河', '😀'),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(unit), (parts) => {
      const text = parts.join('');
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    }),
  );
});

test('texts of a list are apart, chunks of a stream are not', async () => {
  const options = { vocabSize: 300, minFrequency: 1, specialTokens: [] };
  expect(mergesOf(await trainBpe(['ab', 'ab'], options))).toEqual(['a b']);
  expect(mergesOf(await trainBpe([inChunks('abab', [1]), 'ab'], options))).toEqual(['a b', 'ab ab']);
});

test('nothing is learned of how special tokens are spelled', async () => {
  const trained = await trainBpe(inChunks('ab<end>cd<end>ab', [3]), {
    vocabSize: 300,
    minFrequency: 1,
    specialTokens: ['<end>', '<end>c'],
  });
  expect(mergesOf(trained)).toEqual(['a b']);
  expect(trained).toMatchObject({ numCharacters: 16, numWords: 3, numDistinctWords: 2, vocabSize: 259 });
});

test('the first special token stands between texts', async () => {
  const tokenizer = open(await trainBpe('low lower', { vocabSize: 262 }));
  expect(tokenizer).toMatchObject({ bosTokenId: 0, eosTokenId: 0, padTokenId: undefined, unkTokenId: undefined });
  expect(tokenizer.encode('low<|endoftext|>')).toEqual([tokenizer.tokenToId('low'), 0]);
  expect(tokenizer.isSpecial(0)).toBe(true);
  const without = open(await trainBpe('low lower', { vocabSize: 262, specialTokens: [] }));
  expect(without.eosTokenId).toBeUndefined();
});

test('tells how far it is', async () => {
  const heard: TrainingProgress[] = [];
  await trainBpe(['low ', 'lower low'], { vocabSize: 259, onProgress: (progress) => heard.push(progress) });
  expect(heard).toEqual([
    { status: 'counting', loaded: 4 },
    { status: 'counting', loaded: 13 },
    { status: 'merging', loaded: 258, total: 259 },
    { status: 'merging', loaded: 259, total: 259 },
  ]);
});

test.each(['counting', 'merging'])('stops at a signal while %s, and closes the text', async (status) => {
  const controller = new AbortController();
  let isClosed = false;
  async function* text() {
    try {
      yield 'low lower ';
      yield 'lowest low';
    } finally {
      isClosed = true;
    }
  }
  const onProgress = (progress: TrainingProgress) => {
    if (progress.status === status) controller.abort(new Error('enough'));
  };
  const training = trainBpe(text(), { vocabSize: 300, signal: controller.signal, onProgress });
  await expect(training).rejects.toThrow('enough');
  expect(isClosed).toBe(true);
});

test.each<[unknown, string]>([
  [{}, 'vocabSize is undefined, wanted a whole number of at least 257 (256 bytes, 1 special)'],
  [{ vocabSize: 256 }, 'vocabSize is 256, wanted a whole number of at least 257 (256 bytes, 1 special)'],
  [{ vocabSize: 300.5 }, 'vocabSize is 300.5'],
  [{ vocabSize: 300, minFrequency: -1 }, 'minFrequency is -1, wanted a whole number of at least 0'],
  [{ vocabSize: 300, minFrequncy: 1 }, 'unknown option "minFrequncy", did you mean "minFrequency"?'],
  [{ vocabSize: 300, specialTokens: '<s>' }, 'specialTokens is "<s>", wanted a list of strings'],
  [{ vocabSize: 300, specialTokens: [1] }, 'specialTokens has 1, wanted strings'],
  [{ vocabSize: 300, specialTokens: [''] }, 'specialTokens has "", wanted none that is empty'],
  [{ vocabSize: 300, specialTokens: ['a', 'a'] }, 'specialTokens has "a", twice'],
  [{ vocabSize: 300, specialTokens: ['\ud800'] }, 'which has half a character'],
])('refuses the options %j', async (options, message) => {
  await expect(trainBpe('text', options as { vocabSize: number })).rejects.toThrow(
    `Cannot train a tokenizer: ${message.startsWith('which') ? 'specialTokens has' : message}`,
  );
  await expect(trainBpe('text', options as { vocabSize: number })).rejects.toThrow(message);
});

test('refuses a text that is empty or not a text', async () => {
  for (const empty of ['', [], ['', ''], '<|endoftext|>'])
    await expect(trainBpe(empty, { vocabSize: 300 })).rejects.toThrow('Cannot train a tokenizer: the text is empty');
  async function* bytes() {
    yield new Uint8Array(3) as unknown as string;
  }
  await expect(trainBpe(bytes(), { vocabSize: 300 })).rejects.toThrow(
    'Cannot train a tokenizer: a chunk of its text is bytes, wanted a string',
  );
});
