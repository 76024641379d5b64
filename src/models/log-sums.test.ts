import { afterAll, describe, expect, test } from 'vitest';
import { goldenPath } from '../../test/goldens.ts';
import { testBackends } from '../../test/test-backends.ts';
import { logSumExp } from '../sampling/log-sum-exp.ts';
import { loadModel } from './load-model.ts';

describe.each(Object.keys(testBackends))('a step on %s', (name) => {
  const opened = testBackends[name]!();
  afterAll(async () => (await opened).dispose());

  test('gives log Σ exp of each row of logits, the same bits in any company', async () => {
    const model = await loadModel(await opened, goldenPath('models', 'llama-gqa'));
    const cache = model.createCache(64, 3);
    const run = async (...batch: readonly (readonly number[])[]) => {
      const sequences = batch.map(() => cache.createSequence());
      const entries = batch.map((tokenIds, i) => ({ sequence: sequences[i]!, tokenIds }));
      const logSums = new Float32Array(batch.length);
      const logits = await model.step(cache, entries, { logits: 'last', logSums });
      for (const sequence of sequences) sequence.release();
      return { logits, logSums };
    };
    const { vocabSize } = model.config;
    const { logits, logSums } = await run([1, 2, 3], [4], [5, 6]);
    const wanted = Array.from(logSums, (_, i) => logSumExp(logits.subarray(i * vocabSize, (i + 1) * vocabSize)));
    for (const [i, sum] of wanted.entries()) expect(logSums[i]).toBeCloseTo(sum, 5);
    expect((await run([4])).logSums[0]).toBe(logSums[1]);
    cache.dispose();
  });
});
