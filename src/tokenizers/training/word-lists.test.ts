import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WordLists } from './word-lists.ts';

test('lists hold their words, however many are filled and consumed', () => {
  const step = fc.record({ list: fc.nat(3), word: fc.nat(3), isConsumed: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const lists = new WordLists();
      const heads = [0, 0, 0, 0];
      const expected: number[][] = [[], [], [], []];
      for (const { list, word, isConsumed } of steps) {
        if (isConsumed) {
          const words: number[] = [];
          lists.consume(heads[list]!, (one) => words.push(one));
          expect(words.reverse()).toEqual(expected[list]);
          heads[list] = 0;
          expected[list] = [];
        } else {
          heads[list] = lists.add(heads[list]!, word);
          if (expected[list]!.at(-1) !== word) expected[list]!.push(word);
        }
      }
    }),
  );
});
