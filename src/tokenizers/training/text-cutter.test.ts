import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TextCutter } from './text-cutter.ts';

/** The texts between special tokens, from chunks. */
function cut(tokens: readonly string[], chunks: readonly string[]): string[] {
  const cutter = new TextCutter(tokens);
  const texts = [''];
  for (const pieces of [...chunks.map((chunk) => cutter.push(chunk)), cutter.end()])
    pieces.forEach((piece, i) => {
      if (i === 0) texts.push(texts.pop()! + piece);
      else texts.push(piece);
    });
  return texts;
}

test('cuts at special tokens, the longest first', () => {
  expect(cut(['<a>', '<a>b', '*.'], ['x<a>by*.', '*<', 'a>z<a'])).toEqual(['x', 'y', '*', 'z<a']);
  expect(cut([], ['ab', 'c'])).toEqual(['abc']);
});

test('texts do not depend on where the chunks were cut', () => {
  const chunk = fc.string({ unit: fc.constantFrom(...'<ab>x😀'), maxLength: 8 });
  fc.assert(
    fc.property(fc.array(chunk), (chunks) => {
      const tokens = ['<a>', '<a>b>', 'bb', '😀😀'];
      expect(cut(tokens, chunks)).toEqual(cut(tokens, [chunks.join('')]));
    }),
    { numRuns: 3000 },
  );
});

test('no piece ends within a character', () => {
  for (const tokens of [[], ['<a>']]) {
    const cutter = new TextCutter(tokens);
    const pieces = [...'😀a😀😀b'.split('')].flatMap((unit) => cutter.push(unit)).concat(cutter.end());
    expect(pieces.filter((piece) => /\p{Surrogate}/u.test(piece))).toEqual([]);
    expect(pieces.join('')).toBe('😀a😀😀b');
  }
});
