import { expect, test } from 'vitest';
import { engineLimits } from './engine-options.ts';

test('What is not given has a value', () => {
  const limits = { maxNumBatchedTokens: 256, maxNumSequences: 32, maxQueueLength: 1024, prefixCache: true };
  expect(engineLimits({})).toEqual(limits);
  expect(engineLimits({ maxNumBatchedTokens: undefined, prefixCache: undefined })).toEqual(limits);
  expect(engineLimits({ maxNumBatchedTokens: 8, maxQueueLength: 0, prefixCache: false })).toEqual({
    ...{ maxNumBatchedTokens: 8, maxNumSequences: 8, maxQueueLength: 0, prefixCache: false },
  });
});

test.each([
  [{ maxNumBatchedTokens: 0 }, 'maxNumBatchedTokens is 0, wanted a whole number of at least 1'],
  [{ maxNumSequences: 1.5 }, 'maxNumSequences is 1.5, wanted a whole number of at least 1'],
  [{ maxQueueLength: -1 }, 'maxQueueLength is -1, wanted a whole number of at least 0'],
  [{ maxNumBatchedTokens: 8, maxNumSequences: 9 }, 'maxNumSequences is 9, wanted at most maxNumBatchedTokens, 8'],
])('%j cannot be', (options, reason) => {
  expect(() => engineLimits(options)).toThrow(new RangeError(`Cannot start the engine: ${reason}`));
});
