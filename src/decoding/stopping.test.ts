import { expect, test } from 'vitest';
import { lengthLimits } from './stopping.ts';

const NONE = { maxNewTokens: undefined, maxLength: undefined, minNewTokens: 0, minLength: 0 };

test.each([
  [{ maxNewTokens: 5 }, { min: 0, max: 5 }],
  [{ maxNewTokens: 500 }, { min: 0, max: 90 }],
  [{ maxLength: 30 }, { min: 0, max: 20 }],
  [
    { maxLength: 30, maxNewTokens: 50 },
    { min: 0, max: 20 },
  ],
  [
    { maxNewTokens: 50, minNewTokens: 3, minLength: 40 },
    { min: 30, max: 50 },
  ],
  [
    { maxNewTokens: 50, minNewTokens: 3, minLength: 4 },
    { min: 3, max: 50 },
  ],
  [
    { maxLength: 30, minNewTokens: 40 },
    { min: 20, max: 20 },
  ],
])('A prompt of 10 in a context of 100 with %j leaves %j', (options, expected) => {
  expect(lengthLimits(10, 100, { ...NONE, ...options })).toEqual(expected);
});

test('A prompt must leave room for one token', () => {
  expect(lengthLimits(99, 100, NONE)).toEqual({ min: 0, max: 1 });
  expect(() => lengthLimits(100, 100, NONE)).toThrow(
    new RangeError(
      'Cannot generate: the prompt has 100 tokens, but the context holds 100, and at least one token must fit after it',
    ),
  );
  expect(() => lengthLimits(30, 100, { ...NONE, maxLength: 20 })).toThrow(
    new RangeError(
      'Cannot generate: the prompt has 30 tokens, but maxLength is 20, and at least one token must fit after it',
    ),
  );
});
