import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scoreTokens } from './score.ts';

/** A model that gives each token 1 / (2 + the number of tokens before it in the window), and records its windows. */
function harmonic() {
  const windows: { window: readonly number[]; firstTarget: number }[] = [];
  const logProbsOf = async (window: readonly number[], firstTarget: number) => {
    windows.push({ window, firstTarget });
    return window.slice(firstTarget).map((_, i) => -Math.log(2 + firstTarget + i));
  };
  return { windows, logProbsOf };
}

const range = (length: number) => Array.from({ length }, (_, i) => i);

describe('scoreTokens', () => {
  test('scores every token but the first', async () => {
    const { windows, logProbsOf } = harmonic();
    const score = await scoreTokens({ ids: range(4), contextLength: 8, logProbsOf });
    expect(score.tokenLogProbs).toEqual([undefined, -Math.log(3), -Math.log(4), -Math.log(5)]);
    expect(score.logProb).toBeCloseTo(-Math.log(60), 12);
    expect(score.perplexity).toBeCloseTo(60 ** (1 / 3), 12);
    expect(windows).toEqual([{ window: [0, 1, 2, 3], firstTarget: 1 }]);
  });

  test('gives the size of the vocabulary as the perplexity of a uniform model', async () => {
    const logProbsOf = async (window: readonly number[], firstTarget: number) =>
      new Float64Array(window.length - firstTarget).fill(-Math.log(512));
    const { perplexity } = await scoreTokens({ ids: range(1000), contextLength: 64, logProbsOf });
    expect(perplexity).toBeCloseTo(512, 8);
  });

  test('slides a window by half the context unless told otherwise', async () => {
    const { windows, logProbsOf } = harmonic();
    const score = await scoreTokens({ ids: range(9), contextLength: 4, logProbsOf });
    expect(windows).toEqual([
      { window: [0, 1, 2, 3], firstTarget: 1 },
      { window: [2, 3, 4, 5], firstTarget: 2 },
      { window: [4, 5, 6, 7], firstTarget: 2 },
      { window: [6, 7, 8], firstTarget: 2 },
    ]);
    expect(score.tokenLogProbs.map((logProb) => Math.round(Math.exp(-(logProb ?? 0))))).toEqual([
      1, 3, 4, 5, 4, 5, 4, 5, 4,
    ]);
  });

  test('reads a text as long as the context in one window', async () => {
    const { windows, logProbsOf } = harmonic();
    await scoreTokens({ ids: range(4), contextLength: 4, stride: 1, logProbsOf });
    expect(windows).toHaveLength(1);
  });

  test('scores each token once, as the recipe of Hugging Face does', async () => {
    const sizes = fc.record({
      length: fc.integer({ min: 2, max: 60 }),
      context: fc.integer({ min: 2, max: 20 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(sizes, async ({ length, context, share }) => {
        const stride = 1 + Math.floor(share * (context - 2));
        const { windows, logProbsOf } = harmonic();
        const { tokenLogProbs } = await scoreTokens({ ids: range(length), contextLength: context, stride, logProbsOf });
        const scored = windows.flatMap(({ window, firstTarget }) => window.slice(firstTarget));
        expect(scored).toEqual(range(length).slice(1));
        for (const { window, firstTarget } of windows.slice(1)) {
          expect(firstTarget).toBe(context - stride);
          expect(window.length).toBeLessThanOrEqual(context);
        }
        expect(tokenLogProbs).toEqual(huggingFace(length, context, stride));
      }),
    );
  });

  /** The loop of the guide "Perplexity of fixed-length models", with the fake's closed form for the loss of a target. */
  function huggingFace(length: number, maxLength: number, stride: number): (number | undefined)[] {
    const logProbs: (number | undefined)[] = Array(length).fill(undefined);
    let previousEnd = 0;
    for (let begin = 0; begin < length; begin += stride) {
      const end = Math.min(begin + maxLength, length);
      const targetLength = end - previousEnd;
      for (let i = Math.max(end - targetLength, begin + 1); i < end; i++) logProbs[i] = -Math.log(2 + i - begin);
      previousEnd = end;
      if (end === length) break;
    }
    return logProbs;
  }

  test('gives an impossible token an infinite perplexity', async () => {
    const logProbsOf = async () => [Number.NEGATIVE_INFINITY];
    const score = await scoreTokens({ ids: [1, 2], contextLength: 4, logProbsOf });
    expect(score).toMatchObject({ logProb: Number.NEGATIVE_INFINITY, perplexity: Number.POSITIVE_INFINITY });
  });
});

describe('scoreTokens rejects', () => {
  const { logProbsOf } = harmonic();
  test.each([0, 1])('a text of %d tokens', async (length) => {
    await expect(scoreTokens({ ids: range(length), contextLength: 4, logProbsOf })).rejects.toThrow(
      new RangeError(`Cannot score a text: it has ${length} tokens, but 2 are needed`),
    );
  });

  test.each([0, 4, 1.5, Number.NaN])('a stride of %d', async (stride) => {
    await expect(scoreTokens({ ids: range(9), contextLength: 4, stride, logProbsOf })).rejects.toThrow(
      new RangeError(
        `Cannot score a text: the stride is ${stride}, but in a context of 4 it must be a whole number from 1 to 3`,
      ),
    );
  });

  test('log probabilities that are NaN, naming the position', async () => {
    const nan = async () => [-1, Number.NaN];
    await expect(scoreTokens({ ids: range(3), contextLength: 4, logProbsOf: nan })).rejects.toThrow(
      new RangeError('Cannot score the token at position 2: its log probability is NaN'),
    );
  });

  test('too few log probabilities', async () => {
    await expect(scoreTokens({ ids: range(3), contextLength: 4, logProbsOf: async () => [-1] })).rejects.toThrow(
      new RangeError('Cannot score a text: got 1 log probabilities for 2 tokens'),
    );
  });

  test('to go on after an abort', async () => {
    const controller = new AbortController();
    let numWindows = 0;
    const abortingModel = async (window: readonly number[], firstTarget: number) => {
      numWindows++;
      controller.abort(new Error('enough'));
      return logProbsOf(window, firstTarget);
    };
    const scoring = scoreTokens({
      ids: range(9),
      contextLength: 4,
      logProbsOf: abortingModel,
      signal: controller.signal,
    });
    await expect(scoring).rejects.toThrow('enough');
    expect(numWindows).toBe(1);
  });
});
