import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scoreWindows } from './score-windows.ts';

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describe('scoreWindows', () => {
  test('slides a window by half the context unless told otherwise', () => {
    expect(scoreWindows(9, 4)).toEqual([
      { start: 0, end: 4, firstTarget: 1 },
      { start: 2, end: 6, firstTarget: 4 },
      { start: 4, end: 8, firstTarget: 6 },
      { start: 6, end: 9, firstTarget: 8 },
    ]);
  });

  test('reads a text as long as the context in one window', () => {
    expect(scoreWindows(4, 4, 1)).toEqual([{ start: 0, end: 4, firstTarget: 1 }]);
  });

  test('scores each token once, as the recipe of Hugging Face does', () => {
    const sizes = fc.record({
      length: fc.integer({ min: 2, max: 60 }),
      context: fc.integer({ min: 2, max: 20 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(sizes, ({ length, context, share }) => {
        const stride = 1 + Math.floor(share * (context - 2));
        const windows = scoreWindows(length, context, stride);
        expect(windows.flatMap(({ firstTarget, end }) => range(firstTarget, end))).toEqual(range(1, length));
        expect(windows.flatMap(contexts)).toEqual(huggingFace(length, context, stride).slice(1));
        for (const { start, end } of windows) expect(end - start).toBeLessThanOrEqual(context);
      }),
    );
  });

  /** How many tokens before it each token is scored with. */
  function contexts({ start, end, firstTarget }: { start: number; end: number; firstTarget: number }): number[] {
    return range(firstTarget, end).map((i) => i - start);
  }

  /** The loop of the guide "Perplexity of fixed-length models": how many tokens before it each target sees. */
  function huggingFace(length: number, maxLength: number, stride: number): (number | undefined)[] {
    const seen: (number | undefined)[] = Array(length).fill(undefined);
    let previousEnd = 0;
    for (let begin = 0; begin < length; begin += stride) {
      const end = Math.min(begin + maxLength, length);
      const targetLength = end - previousEnd;
      for (let i = Math.max(end - targetLength, begin + 1); i < end; i++) seen[i] = i - begin;
      previousEnd = end;
      if (end === length) break;
    }
    return seen;
  }
});

describe('scoreWindows rejects', () => {
  test.each([0, 1])('a text of %d tokens', (length) => {
    expect(() => scoreWindows(length, 4)).toThrow(
      new RangeError(`Cannot score a text: it has ${length} tokens, but 2 are needed`),
    );
  });

  test.each([0, 4, 1.5, Number.NaN])('a stride of %d', (stride) => {
    expect(() => scoreWindows(9, 4, stride)).toThrow(
      new RangeError(
        `Cannot score a text: the stride is ${stride}, but in a context of 4 it must be a whole number from 1 to 3`,
      ),
    );
  });
});
