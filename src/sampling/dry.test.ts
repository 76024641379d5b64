import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyProcessor } from '../../test/apply-processor.ts';
import { type DryOptions, dry } from './dry.ts';

const OPTIONS: DryOptions = { multiplier: 0.8, base: 1.75, allowedLength: 2, breakerIds: new Set() };
const VOCABULARY = 8;

function penalties(options: Partial<DryOptions>, tokenIds: readonly number[]): number[] {
  const logits = new Array<number>(VOCABULARY).fill(0);
  return applyProcessor(dry({ ...OPTIONS, ...options }), logits, tokenIds.slice(0, 3), tokenIds.slice(3)).map(
    (logit) => -logit,
  );
}

/** The definition: for every token, the longest ending of the text that stands before an earlier occurrence of it. */
function slowPenalties({ multiplier, base, allowedLength, lastN, breakerIds }: DryOptions, all: readonly number[]) {
  const text = lastN === undefined ? all : all.slice(all.length - Math.min(lastN, all.length));
  const result = new Array<number>(VOCABULARY).fill(0);
  for (let token = 0; token < VOCABULARY; token++) {
    if (breakerIds.has(token)) continue;
    let longest = 0;
    for (let at = 1; at < text.length; at++) {
      if (text[at] !== token) continue;
      for (let length = 1; length <= at; length++) {
        const ending = text.slice(text.length - length);
        const before = text.slice(at - length, at);
        if (ending.join() !== before.join() || ending.some((id) => breakerIds.has(id))) break;
        longest = Math.max(longest, length);
      }
    }
    if (longest >= allowedLength) result[token] = multiplier * base ** (longest - allowedLength);
  }
  return result;
}

test('The token that came after the last n tokens loses multiplier · base^(n − allowedLength)', () => {
  expect(penalties({}, [1, 2, 3, 4, 1, 2, 3])[4]).toBeCloseTo(0.8 * 1.75, 6);
  expect(penalties({}, [2, 3, 4, 1, 2, 3])[4]).toBeCloseTo(0.8, 6);
  expect(penalties({}, [3, 4, 1, 2, 3])).toEqual([-0, -0, -0, -0, -0, -0, -0, -0]);
});

test('A repetition neither goes past a breaker nor on with one', () => {
  const text = [1, 2, 3, 4, 1, 2, 3];
  expect(penalties({ breakerIds: new Set([1]) }, text)[4]).toBeCloseTo(0.8, 6);
  expect(penalties({ breakerIds: new Set([2]) }, text)[4]).toBeCloseTo(0, 6);
  expect(penalties({ breakerIds: new Set([4]) }, text)[4]).toBeCloseTo(0, 6);
});

test('Only the last tokens are searched', () => {
  const text = [1, 2, 3, 4, 1, 2, 3];
  expect(penalties({ lastN: 6 }, text)[4]).toBeCloseTo(0.8, 6);
  expect(penalties({ lastN: 5 }, text)[4]).toBeCloseTo(0, 6);
  expect(penalties({ lastN: 0 }, text)[4]).toBeCloseTo(0, 6);
});

test('A text that only repeats itself leaves a finite row', () => {
  const repeated = new Array<number>(3000).fill(5);
  const row = applyProcessor(dry(OPTIONS), [0, 0, 0, 0, 0, 1], repeated);
  expect(row.slice(0, 5)).toEqual([0, 0, 0, 0, 0]);
  expect(row[5]).toBe(-((2 - 2 ** -23) * 2 ** 127));
});

test('It computes what the definition says', () => {
  const token = fc.integer({ min: 0, max: 3 });
  const options = fc.record({
    multiplier: fc.constantFrom(0.5, 0.8),
    base: fc.constantFrom(1, 1.75),
    allowedLength: fc.integer({ min: 1, max: 4 }),
    lastN: fc.option(fc.integer({ min: 0, max: 30 }), { nil: undefined }),
    breakerIds: fc.array(token, { maxLength: 2 }).map((ids) => new Set(ids)),
  });
  const property = fc.property(options, fc.array(token, { maxLength: 30 }), (given, text) => {
    const expected = slowPenalties(given, text);
    for (const [id, penalty] of penalties(given, text).entries()) expect(penalty).toBeCloseTo(expected[id]!, 5);
  });
  fc.assert(property, { numRuns: 500 });
});

test.each([
  [{ multiplier: -1 }, 'the multiplier is -1, but it must be finite and at least 0'],
  [{ base: 0.9 }, 'the base is 0.9, but it must be finite and at least 1'],
  [{ allowedLength: 0 }, 'the allowed length is 0, but it must be a whole number above 0'],
  [{ lastN: -1 }, 'lastN is -1, but it must be a whole number from 0'],
])('%j is rejected', (options, problem) => {
  expect(() => dry({ ...OPTIONS, ...options })).toThrow(new RangeError(`Cannot penalize repetition: ${problem}`));
});
