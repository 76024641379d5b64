import { afterAll, describe, expect, test } from 'vitest';
import { goldenPath } from '../../test/goldens.ts';
import { testBackends } from '../../test/test-backends.ts';
import { likeliestToken } from '../sampling/sampler.ts';
import { loadModel } from './load-model.ts';

describe.each(Object.keys(testBackends))('stepAhead on %s', (name) => {
  const opened = testBackends[name]!();
  afterAll(async () => (await opened).dispose());

  test('chooses as one step after the other does, and leaves the same in the cache', async () => {
    const model = await loadModel(await opened, goldenPath('models', 'llama-gqa'));
    const { vocabSize } = model.config;
    const cache = model.createCache(64, 4);
    const prompts = [[1, 2, 3], [4]];
    const begin = () => prompts.map((tokenIds) => ({ sequence: cache.createSequence(), tokenIds }));

    const ahead = begin();
    const { tokenIds, areNumbers } = await model.stepAhead(cache, ahead, { count: 3 });
    expect(areNumbers).toBe(true);

    const wanted: number[] = [];
    let entries: { sequence: (typeof ahead)[0]['sequence']; tokenIds: readonly number[] }[] = begin();
    const stepwise = entries;
    for (let step = 0; step < 3; step++) {
      const logits = await model.step(cache, entries, { logits: 'last' });
      const chosen = entries.map((_, i) => likeliestToken(logits.subarray(i * vocabSize, (i + 1) * vocabSize))!);
      wanted.push(...chosen);
      entries = entries.map(({ sequence }, i) => ({ sequence, tokenIds: [chosen[i]!] }));
    }
    expect([...tokenIds]).toEqual(wanted);
    const next = (of: typeof stepwise) =>
      model.step(
        cache,
        of.map(({ sequence }, i) => ({ sequence, tokenIds: [wanted.at(i - 2)!] })),
        { logits: 'last' },
      );
    expect(await next(ahead)).toEqual(await next(stepwise));
    cache.dispose();
    model.dispose();
  });

  test('draws where it is told to, and leaves nothing when there is no room', async () => {
    const model = await loadModel(await opened, goldenPath('models', 'llama-gqa'));
    const cache = model.createCache(16);
    const sequence = cache.createSequence();
    const entries = [{ sequence, tokenIds: [1, 2, 3] }];
    const draw = (uniform: number) => ({ temperature: 1, minP: 0, uniforms: new Float32Array(2).fill(uniform) });
    const first = await model.stepAhead(cache, entries, { count: 2, draw: draw(0) });
    expect([...first.tokenIds]).toEqual([0, 0]);
    sequence.truncate(0);
    await expect(model.stepAhead(cache, entries, { count: 15 })).rejects.toThrow('blocks');
    expect(sequence.length).toBe(0);
    const tooMany = { count: model.config.maxPositions };
    await expect(async () => model.stepAhead(cache, entries, tooMany)).rejects.toThrow('it takes at most');
    cache.dispose();
    model.dispose();
  });
});
