import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Utf8Check } from './utf8-check.ts';

function check(...chunks: readonly number[][]): void {
  const check = new Utf8Check('a.txt');
  for (const chunk of chunks) check.push(Uint8Array.from(chunk));
  check.end();
}

test('takes what the decoder takes, but for NUL, whatever the chunks', () => {
  const byte = fc.constantFrom(
    1,
    0x41,
    0x7f,
    0x80,
    0x8f,
    0x90,
    0x9f,
    0xa0,
    0xbf,
    0xc1,
    0xc2,
    0xdf,
    0xe0,
    0xed,
    0xef,
    0xf0,
    0xf4,
    0xf5,
  );
  const character = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 1 })
    .map((text) => [...new TextEncoder().encode(text)]);
  const part = fc.oneof(
    byte.map((one) => [one]),
    character,
  );
  fc.assert(
    fc.property(fc.array(part), fc.nat(20), (parts, cut) => {
      const bytes = parts.flat();
      fc.pre(!bytes.includes(0));
      let isValid = true;
      try {
        new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes));
      } catch {
        isValid = false;
      }
      const run = () => check(bytes.slice(0, cut), bytes.slice(cut));
      if (isValid) expect(run).not.toThrow();
      else expect(run).toThrow('Cannot read a.txt as text: ');
    }),
    { numRuns: 500 },
  );
});

test('names the byte', () => {
  expect(() => check([0x61, 0x62], [0x63, 0xff])).toThrow(
    'Cannot read a.txt as text: byte 3 (0xff) is not UTF-8; wanted a text file in UTF-8',
  );
  expect(() => check([0xe6, 0x97], [0x61])).toThrow('byte 2 (0x61) is not UTF-8');
  expect(() => check([0x61], [0x62, 0])).toThrow('byte 2 is NUL');
  expect(() => check([0x61, 0xe6])).toThrow(
    'Cannot read a.txt as text: it ends after byte 2, within a character of UTF-8',
  );
});
