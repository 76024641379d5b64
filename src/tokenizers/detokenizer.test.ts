import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byteLevelTokenizer, endOfWordTokenizer, sentencePieceTokenizer } from '../../test/fixtures/tiny-tokenizers.ts';
import { ByteTokenizer } from './byte-tokenizer.ts';
import { Detokenizer } from './detokenizer.ts';
import { HuggingFaceTokenizer } from './hugging-face-tokenizer.ts';
import type { Tokenizer } from './tokenizer.ts';

const CLEANING = '{"clean_up_tokenization_spaces":true}';
const gpt = new HuggingFaceTokenizer(byteLevelTokenizer);
const llama = new HuggingFaceTokenizer(sentencePieceTokenizer);
const TOKENIZERS: readonly [string, Tokenizer][] = [
  ['byte-level', gpt],
  ['byte-level, cleaning up', new HuggingFaceTokenizer(byteLevelTokenizer, CLEANING)],
  ['SentencePiece', llama],
  ['end-of-word', new HuggingFaceTokenizer(endOfWordTokenizer)],
  ['end-of-word, cleaning up', new HuggingFaceTokenizer(endOfWordTokenizer, CLEANING)],
  ['byte', new ByteTokenizer()],
];

function stream(tokenizer: Tokenizer, ids: readonly number[], skipSpecialTokens?: boolean): string[] {
  const detokenizer = new Detokenizer(tokenizer, { skipSpecialTokens });
  return [...ids.map((id) => detokenizer.push(id)), detokenizer.flush()];
}

test('a character comes out when its last byte is there', () => {
  expect(stream(gpt, [0xf0, 0x9f, 0x98, 0x80, 0x21])).toEqual(['', '', '', '😀', '!', '']);
  expect(stream(llama, [3 + 0xc3, 3 + 0xa9, 260])).toEqual(['', 'é', 'a', '']);
});

test('an unfinished character at the end, or before a whole token, is U+FFFD', () => {
  expect(stream(gpt, [0xf0, 0x9f])).toEqual(['', '', '\uFFFD']);
  expect(stream(llama, [3 + 0xf0, 3 + 0x9f, 260])).toEqual(['', '', '\uFFFDa', '']);
});

test('special tokens are left out, wherever they come', () => {
  expect(stream(gpt, [116, 259, 257])).toEqual(['t', '', 'he', '']);
  expect(stream(gpt, [116, 259, 257], false)).toEqual(['t', '<|endoftext|>', 'he', '']);
  expect(stream(llama, [1, 264, 2])).toEqual(['', 'a', '', '']);
});

test('a continuation keeps the space that a beginning loses', () => {
  expect(stream(llama, [264, 264])).toEqual(['a', ' a', '']);
  const after = new Detokenizer(llama, { after: [1, 265] });
  expect(after.push(264)).toBe(' a');
});

test('a character begun in the prompt ends in the continuation', () => {
  const detokenizer = new Detokenizer(gpt, { after: [0xc3] });
  expect(detokenizer.push(0xa9)).toBe('é');
});

test('spaces that punctuation may take away are held back', () => {
  const cleaning = new HuggingFaceTokenizer(byteLevelTokenizer, CLEANING);
  const ids = [...new TextEncoder().encode('a . n')];
  expect(stream(cleaning, ids)).toEqual(['a', '', '.', '', '', ' n']);
});

test.each(TOKENIZERS)('pieces of any ids make up the whole text: %s', (_name, tokenizer) => {
  const id = fc.oneof(
    fc.nat(tokenizer.vocabSize + 2),
    fc.nat(12),
    fc.nat(tokenizer.vocabSize).map((n) => tokenizer.vocabSize - n),
  );
  fc.assert(
    fc.property(fc.array(id, { maxLength: 40 }), fc.boolean(), (ids, skipSpecialTokens) => {
      const pieces = stream(tokenizer, ids, skipSpecialTokens);
      expect(pieces.join('')).toBe(tokenizer.decode(ids, { skipSpecialTokens }));
      for (const piece of pieces) expect(piece).not.toMatch(/\p{Surrogate}/u);
    }),
  );
});

test.each(TOKENIZERS.filter(([name]) => /^(byte|SentencePiece)$|byte-level$/.test(name)))(
  'any text survives, streamed or whole: %s',
  (_name, tokenizer) => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (text) => {
        const ids = tokenizer.encode(text, { addSpecialTokens: false });
        // A literal ▁ is written like a space.
        expect(stream(tokenizer, ids).join('')).toBe(tokenizer === llama ? text.replaceAll('▁', ' ') : text);
      }),
    );
  },
);
