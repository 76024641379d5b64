import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonStructure } from './json-structure.ts';

test.each([
  ['{}', 1, undefined],
  ['{"a":{"b":[1,2]},"c":"{[\\"{"}', 3, undefined],
  ['{"a":1,"b":{"a":2}}', 2, undefined],
  ['[{"a":1},{"a":2}]', 2, undefined],
  ['{"a":1, "a" : 2}', 1, 'a'],
  ['{"a":{"b":1,"\\u0062":2}}', 2, 'b'],
  ['{"a":["a","a"],"b":"a"}', 2, undefined],
])('%s', (text, depth, duplicateKey) => {
  expect(jsonStructure(text, 10)).toEqual({ depth, duplicateKey });
});

test('stops where a text nests too deep', () => {
  expect(jsonStructure('['.repeat(1_000_000), 3).depth).toBe(4);
});

test('agrees with JSON.parse on any value, which never has a key twice', () => {
  const depthOf = (value: unknown): number =>
    typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(jsonStructure(text, 100)).toEqual({ depth: depthOf(JSON.parse(text)), duplicateKey: undefined });
    }),
  );
});

test('ends on any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'{}[]":,\\ a1') }), (text) => void jsonStructure(text, 5)),
  );
});
