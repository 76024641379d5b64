import { expect, test, vi } from 'vitest';
import { ByteTokenizer } from '../tokenizers/byte-tokenizer.ts';
import { TokenSearch } from './token-search.ts';

test('TokenSearch finds the tokens that hold a text, and looks through the vocabulary once for the same texts', () => {
  const tokenizer = new ByteTokenizer();
  const decode = vi.spyOn(tokenizer, 'decode');
  const search = new TokenSearch(tokenizer);
  const wanted = new Set([':', '\n'].flatMap((text) => tokenizer.encode(text, { addSpecialTokens: false })));
  expect(search.tokensWith(['\n', ':'])).toEqual(wanted);
  const numDecoded = decode.mock.calls.length;
  expect(search.tokensWith(['\n', ':'])).toEqual(wanted);
  expect(decode).toHaveBeenCalledTimes(numDecoded);
  expect(search.tokensWith([':'])).toEqual(new Set(tokenizer.encode(':', { addSpecialTokens: false })));
});
