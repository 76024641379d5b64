import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cleanUpSpaces, cleanUpSpacesStream } from './clean-up-spaces.ts';

test('takes the spaces before English punctuation away', () => {
  expect(cleanUpSpaces("I do n't , he 's ' we 've ' they 're ! ? .")).toBe("I don't, he's'we've'they're!?.");
});

test('a text in pieces becomes what the whole text becomes', () => {
  const piece = fc.string({ unit: fc.constantFrom(..." '.,?!ntmsvrex") });
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const stream = cleanUpSpacesStream();
      const text = pieces.map((piece) => stream.push(piece)).join('') + stream.end();
      expect(text).toBe(cleanUpSpaces(pieces.join('')));
    }),
    { numRuns: 2000 },
  );
});
