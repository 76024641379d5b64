import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GPT2_PATTERN } from '../gpt2-pattern.ts';
import { WordSplitter } from './word-splitter.ts';

test('words do not depend on where the text was cut', () => {
  const unit = fc.constantFrom(...[..." 'srelvt.a1\n\t"], '  ', "'re", '\u0085', '\ufeff', '\ud83d', '\ude00', '𝐀');
  fc.assert(
    fc.property(fc.array(fc.string({ unit, maxLength: 6 })), (chunks) => {
      const splitter = new WordSplitter();
      const words = [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()];
      expect(words).toEqual(chunks.join('').match(GPT2_PATTERN) ?? []);
    }),
    { numRuns: 5000 },
  );
});

test('gives words out as soon as nothing can change them', () => {
  const splitter = new WordSplitter();
  expect(splitter.push('one two')).toEqual(['one']);
  expect(splitter.push(' three')).toEqual([' two']);
  expect(splitter.end()).toEqual([' three']);
  expect(splitter.push('four five')).toEqual(['four']);
});

test('a word of many chunks is not read again with each of them, which would take minutes', () => {
  const splitter = new WordSplitter();
  for (let i = 0; i < 20_000; i++) expect(splitter.push('a'.repeat(200))).toEqual([]);
  expect(splitter.end()).toEqual(['a'.repeat(4_000_000)]);
});
