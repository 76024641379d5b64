import { expect, test } from 'vitest';
import { ByteTokenizer } from './byte-tokenizer.ts';

const tokenizer = new ByteTokenizer();

test('a token is a byte', () => {
  expect(tokenizer.encode('Hé')).toEqual([256, 72, 195, 169]);
  expect(tokenizer.encode('Hé', { addSpecialTokens: false })).toEqual([72, 195, 169]);
  expect(tokenizer.decode([256, 72, 195, 169, 257])).toBe('Hé');
  expect(tokenizer.decode([256, 72], { skipSpecialTokens: false })).toBe('<bos>H');
});

test('every id has a token and back', () => {
  for (let id = 0; id < tokenizer.vocabSize; id++) expect(tokenizer.tokenToId(tokenizer.idToToken(id)!)).toBe(id);
  expect(tokenizer.idToToken(259)).toBeUndefined();
  expect(tokenizer.idToToken(-1)).toBeUndefined();
  expect(tokenizer.tokenToId('H')).toBeUndefined();
});

test('only the ids after the bytes are special', () => {
  const special = Array.from({ length: 260 }, (_, id) => id).filter((id) => tokenizer.isSpecial(id));
  expect(special).toEqual([256, 257, 258]);
});
