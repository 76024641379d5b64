import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sentencePieceModel } from '../../../test/goldens-sentence-piece.ts';
import { Detokenizer } from '../detokenizer.ts';
import { type AddedToken, splitterOf } from './added-tokens.ts';
import { SentencePiece } from './sentence-piece.ts';
import { SentencePieceTokenizer } from './sentence-piece-tokenizer.ts';

const token = (id: number, content: string, flags: Partial<AddedToken> = {}): AddedToken => ({
  id,
  content,
  isSpecial: true,
  ...flags,
});

test('A text is cut at added tokens, the leftmost and longest first, and white space goes with those that take it', () => {
  const split = splitterOf([
    token(0, 'ab'),
    token(1, 'abc'),
    token(2, 'bcd'),
    token(3, '<m>', { stripsLeft: true, stripsRight: true }),
  ]);
  const shown = (text: string) => split(text).map((part) => (typeof part === 'string' ? part : part.id));
  expect(shown('xabcdab')).toEqual(['x', 1, 'd', 0]);
  expect(shown('  <m> \t x <m>')).toEqual([3, 'x', 3]);
  expect(shown('<m>  <m>')).toEqual([3, 3]);
  expect(shown('')).toEqual([]);
});

test.each(['unigram-bytes', 'bpe-rules'])('%s: ids are streamed to what they are as a whole', (name) => {
  const processor = new SentencePiece(sentencePieceModel(name, false));
  const { pieces } = processor.model;
  const addedTokens = [token(0, '<unk>'), token(2, '</s>'), token(pieces.length, '<x>', { isSpecial: false })];
  const tokenizer = new SentencePieceTokenizer({
    processor,
    tokens: [...pieces, '<x>'],
    addedTokens,
    roles: { unk: 0, eos: 2 },
    before: [],
    after: [2],
  });
  const ids = fc.array(fc.nat(pieces.length + 3), { maxLength: 40 });
  fc.assert(
    fc.property(ids, fc.boolean(), (ids, skipSpecialTokens) => {
      const detokenizer = new Detokenizer(tokenizer, { skipSpecialTokens });
      const pushed = ids.map((id) => detokenizer.push(id));
      expect(pushed.join('') + detokenizer.flush()).toBe(tokenizer.decode(ids, { skipSpecialTokens }));
    }),
  );
  expect(tokenizer.decode(tokenizer.encode('the <x> river'))).toContain('<x>');
  expect(tokenizer.encode('').at(-1)).toBe(2);
});
