import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TokenSequence } from '../../decoding/token-sequence.ts';
import { promptLookup } from './prompt-lookup.ts';

const lookUp = (tokenIds: readonly number[], maxTokens: number, maxSize = 2) =>
  promptLookup(maxSize).propose(new TokenSequence(tokenIds), maxTokens);

test('What followed the end of the text before is guessed again', () => {
  expect(lookUp([5, 1, 2, 7, 8, 9, 6, 1, 2], 3)).toEqual([7, 8, 9]);
});

test('A longer match counts for more than a later one', () => {
  expect(lookUp([1, 2, 7, 3, 2, 8, 1, 2], 1)).toEqual([7]);
  expect(lookUp([1, 2, 7, 3, 2, 8, 1, 2], 1, 1)).toEqual([8]);
});

test('Of equally long matches the most recent one counts', () => {
  expect(lookUp([1, 2, 7, 1, 2, 8, 1, 2], 1)).toEqual([8]);
});

test('A text that repeats is guessed as far as is asked for', () => {
  expect(lookUp([9, 1, 2, 3, 1, 2, 3, 1], 7)).toEqual([2, 3, 1, 2, 3, 1, 2]);
  expect(lookUp([4, 4], 5)).toEqual([4, 4, 4, 4, 4]);
});

test('A text whose end is new has no guess', () => {
  expect(lookUp([1, 2, 3, 4], 3)).toEqual([]);
  expect(lookUp([1], 3)).toEqual([]);
  expect(lookUp([1, 1], 0)).toEqual([]);
});

test('A guess agrees with a plain search, longest match first', () => {
  const ids = fc.array(fc.nat(2), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(ids, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 8 }), (tokenIds, maxSize, maxTokens) => {
      expect(lookUp(tokenIds, maxTokens, maxSize)).toEqual(plainSearch(tokenIds, maxTokens, maxSize));
    }),
    { numRuns: 500 },
  );
});

function plainSearch(tokenIds: readonly number[], maxTokens: number, maxSize: number): readonly number[] {
  for (let size = Math.min(maxSize, tokenIds.length - 1); size >= 1; size--) {
    const end = tokenIds.slice(-size).join();
    for (let start = tokenIds.length - size - 1; start >= 0; start--) {
      if (tokenIds.slice(start, start + size).join() !== end) continue;
      const text = [...tokenIds];
      for (let i = 0; i < maxTokens; i++) text.push(text[start + size + i]!);
      return text.slice(tokenIds.length);
    }
  }
  return [];
}

test.each([0, -1, 1.5, Number.NaN])('rejects a size of %s', (size) => {
  expect(() => promptLookup(size)).toThrow(
    new RangeError(`Cannot look up drafts: maxMatchingNgramSize is ${size}, but it must be a whole number above 0`),
  );
});

test('A source is looked up too', () => {
  const sequence = new TokenSequence([0], [7, 8], [5, 7, 8, 9, 6]);
  expect(promptLookup(2).propose(sequence, 2)).toEqual([9, 6]);
});
