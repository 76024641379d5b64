import { afterAll, describe, expect, test } from 'vitest';
import { goldenPath } from '../../test/goldens.ts';
import { likeliestOf } from '../../test/likeliest-of.ts';
import { testBackends } from '../../test/test-backends.ts';
import { logSumExp } from '../sampling/log-sum-exp.ts';
import { loadModel } from './load-model.ts';

const BATCH = [[1, 2, 3], [4], [5, 6, 7, 8]];

describe.each(Object.keys(testBackends))('a step on %s', (name) => {
  const opened = testBackends[name]!();
  afterAll(async () => (await opened).dispose());

  test.each([
    ['alone', [0, 0, 0], [1, 1, 2]],
    ['beside rows of logits', [0, 1, 2], [3, 0, 0]],
    ['of every token, in another order than the tokens', [0, 1, 0], [3, 0, 4]],
    ['not at all', [1, 0, 1], [0, 0, 0]],
  ])('gives the likeliest tokens of rows: %s', async (_, rowsOfLogits, rowsOfLikeliest) => {
    const model = await loadModel(await opened, goldenPath('models', 'llama-gqa'));
    const { vocabSize } = model.config;
    const cache = model.createCache(64, 3);
    const step = async (options: Parameters<typeof model.step>[2], withHidden = false) => {
      const sequences = BATCH.map(() => cache.createSequence());
      const entries = BATCH.map((tokenIds, i) => ({ sequence: sequences[i]!, tokenIds }));
      const logits = withHidden
        ? (await model.stepWithHidden(cache, entries, options)).logits
        : await model.step(cache, entries, options);
      for (const sequence of sequences) sequence.release();
      return logits;
    };
    const wanted = await step({ logits: rowsOfLogits });
    const all = await step({ logits: rowsOfLikeliest });
    const numRows = all.length / vocabSize;
    const rows = Array.from({ length: numRows }, (_row, i) => all.subarray(i * vocabSize, (i + 1) * vocabSize));
    for (const withHidden of [false, true]) {
      for (const count of [1, 5, vocabSize]) {
        const [tokenIds, logits] = [new Int32Array(numRows * count), new Float32Array(numRows * count)];
        const likeliest = { rows: rowsOfLikeliest, count, tokenIds, logits, logSums: new Float32Array(numRows) };
        expect(await step({ logits: rowsOfLogits, likeliest }, withHidden)).toEqual(wanted);
        const ranked = rows.map((row) => likeliestOf(row, count));
        expect([...tokenIds]).toEqual(ranked.flatMap((of) => [...of.tokenIds]));
        expect([...logits]).toEqual(ranked.flatMap((of) => [...of.logits]));
        for (const [i, row] of rows.entries()) expect(likeliest.logSums[i]).toBeCloseTo(logSumExp(row), 5);
      }
    }
    cache.dispose();
    model.dispose();
  });
});
