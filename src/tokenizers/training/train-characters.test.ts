import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HuggingFaceTokenizer } from '../hugging-face-tokenizer.ts';
import { trainBpe } from './train-bpe.ts';
import { trainCharacters } from './train-characters.ts';
import type { TrainedTokenizer } from './trained-tokenizer.ts';

const open = ({ files }: TrainedTokenizer) =>
  new HuggingFaceTokenizer(files['tokenizer.json'], files['tokenizer_config.json']);
const text = 'hello\n\n World  海😀\t1';

test('tokens are the sorted characters, then <unk>, then special tokens, which are cut out of the text', async () => {
  const trained = await trainCharacters(text, { specialTokens: ['<end>', '<unk>', '1'] });
  const tokenizer = open(trained);
  const tokens = ['\t', '\n', ' ', 'W', 'd', 'e', 'h', 'l', 'o', 'r', '海', '😀', '<unk>', '<end>', '1'];
  expect(Array.from(tokens, (_, id) => tokenizer.idToToken(id))).toEqual(tokens);
  expect(trained).toMatchObject({ vocabSize: tokens.length, numCharacters: text.length });
  expect(tokenizer).toMatchObject({ vocabSize: tokens.length, unkTokenId: 12, bosTokenId: 13, eosTokenId: 13 });
});

test.each([
  ['characters', trainCharacters],
  ['byte pairs', (text: string, options: object) => trainBpe(text, { vocabSize: 270, ...options })],
])('%s: an end comes behind each text, and a padding token is named', async (_, train) => {
  const options = { specialTokens: ['</s>', '<pad>'], endToken: '</s>', padToken: '<pad>' };
  const tokenizer = open(await train('ab', options));
  const [end, padding] = options.specialTokens.map((token) => tokenizer.tokenToId(token));
  expect(tokenizer).toMatchObject({ eosTokenId: end, padTokenId: padding });
  const ids = tokenizer.encode('ba', { addSpecialTokens: false });
  expect(tokenizer.encode('ba')).toEqual([...ids, end]);
  expect(tokenizer.encode('')).toEqual([end]);
  expect(tokenizer.decode(tokenizer.encode('ba'))).toBe('ba');
  for (const name of ['endToken', 'padToken'])
    await expect(train('ab', { specialTokens: ['<a>'], [name]: '<b>' })).rejects.toThrow(
      `Cannot train a tokenizer: ${name} is "<b>", wanted one of specialTokens ("<a>")`,
    );
});

test('a character that is not known is <unk>, which is no text', async () => {
  const tokenizer = open(await trainCharacters('abc '));
  expect(tokenizer.encode('a é😀\n<unk>c')).toEqual([1, 0, 4, 4, 4, 4, 3]);
  expect(tokenizer.decode([1, 0, 4, 3])).toBe('a c');
  expect(tokenizer.decode([1, 0, 4, 3], { skipSpecialTokens: false })).toBe('a <unk>c');
  expect(tokenizer.eosTokenId).toBeUndefined();
});

test('every text decodes to itself, however the text was cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'grapheme', minLength: 1 }),
      fc.integer({ min: 1, max: 5 }),
      async (text, length) => {
        async function* chunks() {
          for (let i = 0; i < text.length; i += length) yield text.slice(i, i + length);
        }
        const trained = await trainCharacters(chunks());
        expect(trained.files).toEqual((await trainCharacters(text)).files);
        const tokenizer = open(trained);
        const ids = tokenizer.encode(text);
        expect(ids).toHaveLength([...text].length);
        expect(tokenizer.decode(ids)).toBe(text);
      },
    ),
  );
});

test('half a character counts as U+FFFD', async () => {
  expect(open(await trainCharacters('a\ud800')).idToToken(1)).toBe('\ufffd');
});

test('refuses an empty text and what it does not take', async () => {
  await expect(trainCharacters([])).rejects.toThrow('Cannot train a tokenizer: the text is empty');
  await expect(trainCharacters('a', { vocabSize: 3 } as object)).rejects.toThrow('unknown option "vocabSize"');
  await expect(trainCharacters('a', { specialTokens: [''] })).rejects.toThrow('wanted none that is empty');
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(trainCharacters('a', { signal })).rejects.toThrow('enough');
});
