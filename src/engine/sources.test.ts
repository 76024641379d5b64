import { describe, expect, test } from 'vitest';
import { decodeAlone } from '../../test/fake-searches.ts';
import { SOURCE_VOCAB_SIZE } from '../../test/hash-model.ts';
import { generate, promptOf, requestFor, startEngine } from '../../test/start-engine.ts';

const START = [1];
const sourceOf = (length: number, seed = 1) => promptOf(length, seed);
type Settings = Parameters<typeof requestFor>[1];
const request = (sourceIds: readonly number[], settings: Settings) => requestFor(START, { sourceIds, ...settings });
const alone = (sourceIds: readonly number[], settings: Settings) =>
  decodeAlone(request(sourceIds, settings)).map(({ tokenIds }) => tokenIds);

describe('a source is encoded once', () => {
  test('in the step that computes the first tokens', async () => {
    const { engine, model, cache } = startEngine({ hasEncoder: true });
    const { tokenIds } = await generate(engine, request(sourceOf(20), { maxNewTokens: 5 }));
    expect(tokenIds).toEqual(alone(sourceOf(20), { maxNewTokens: 5 }));
    expect([model.encodings, model.steps]).toEqual([[[20]], [[1], [1], [1], [1], [1]]]);
    expect(cache.pool.numFree).toBe(cache.pool.numBlocks);
  });

  test('for all sequences of a request, in one place', async () => {
    const { engine, model, cache } = startEngine({ hasEncoder: true });
    const used: number[] = [];
    model.duringStep = () => void used.push(cache.pool.numBlocks - cache.pool.numFree);
    const { tokenIds } = await generate(engine, request(sourceOf(40), { maxNewTokens: 4, width: 3 }));
    expect(tokenIds).toEqual(alone(sourceOf(40), { maxNewTokens: 4, width: 3 }));
    expect(model.encodings).toEqual([[40]]);
    expect(used.slice(0, 2)).toEqual([3 + 1, 3 + 3]);
  });

  test('for requests that come together or meet on the way', async () => {
    const { engine, model } = startEngine({ hasEncoder: true });
    let third: ReturnType<typeof generate> | undefined;
    const onToken = () => {
      third ??= generate(engine, request(sourceOf(20), { maxNewTokens: 3 }));
    };
    const reports = await Promise.all([
      generate(engine, request(sourceOf(20), { maxNewTokens: 4, onToken })),
      generate(engine, request(sourceOf(20), { maxNewTokens: 6 })),
    ]);
    expect(model.encodings).toEqual([[20]]);
    expect((await third!).report.cachedTokens).toBe(20);
    expect(reports.map(({ tokenIds }) => tokenIds)).toEqual(
      [4, 6].map((maxNewTokens) => alone(sourceOf(20), { maxNewTokens })),
    );
  });

  test('for a later request, if the cache keeps it', async () => {
    for (const prefixCache of [true, false]) {
      const { engine, model } = startEngine({ hasEncoder: true, prefixCache });
      const reports = [];
      for (let i = 0; i < 2; i++) reports.push(await generate(engine, request(sourceOf(20), { maxNewTokens: 4 })));
      expect(model.encodings.length).toBe(prefixCache ? 1 : 2);
      expect(reports.map(({ report }) => report.cachedTokens)).toEqual([0, prefixCache ? 20 : 0]);
      expect(engine.statistics().totals.encodedTokens).toBe(prefixCache ? 20 : 40);
    }
  });

  test('by each request that does without the cache', async () => {
    const { engine, model } = startEngine({ hasEncoder: true, prefixCache: true });
    const settings = { maxNewTokens: 3, useCache: false };
    const reports = await Promise.all([1, 2].map(() => generate(engine, request(sourceOf(20), settings))));
    expect(model.encodings).toEqual([[20, 20]]);
    for (const { tokenIds } of reports) expect(tokenIds).toEqual(alone(sourceOf(20), { maxNewTokens: 3 }));
  });
});

test('A long source takes more than the budget, in a step with those who generate; the next waits', async () => {
  const { engine, model } = startEngine({ hasEncoder: true, maxNumBatchedTokens: 8 });
  await Promise.all([
    generate(engine, request(sourceOf(6), { maxNewTokens: 3 })),
    generate(engine, request(sourceOf(30, 2), { maxNewTokens: 2 })),
    generate(engine, request(sourceOf(5, 3), { maxNewTokens: 1 })),
  ]);
  // The second is encoded while the first gets its first token, the third beside the second's first.
  expect(model.encodings).toEqual([[6, 30], [5]]);
  expect(model.steps).toEqual([[1], [1, 1, 1], [1, 1]]);
});

test('A source goes with its request: aborted, failed, or out of blocks', async () => {
  const { engine, cache, model, requestsThat } = startEngine({ hasEncoder: true, numBlocks: 7 });
  const abort = new AbortController();
  const aborted = engine.submit(
    request(sourceOf(40), { maxNewTokens: 20, signal: abort.signal, onToken: () => abort.abort('enough') }),
  );
  await expect(aborted).rejects.toBe('enough');
  expect(cache.pool.numFree).toBe(7);
  model.duringStep = () => {
    throw new Error('no device');
  };
  await expect(engine.submit(request(sourceOf(40), { maxNewTokens: 2 }))).rejects.toThrow('no device');
  expect(cache.pool.numFree).toBe(7);
  model.duringStep = () => {};
  // Each needs 2 blocks for its source and up to 3 for its target.
  const runs = [1, 2].map((seed) => generate(engine, request(sourceOf(32, seed), { maxNewTokens: 40 })));
  const outputs = await Promise.all(runs);
  expect(outputs.map(({ tokenIds }) => tokenIds)).toEqual(
    [1, 2].map((seed) => alone(sourceOf(32, seed), { maxNewTokens: 40 })),
  );
  expect(requestsThat('preempted')).toEqual([3]);
  expect(model.encodings.flat()).toEqual([40, 40, 32, 32, 32]);
});

test('Guidance has a source of its own', async () => {
  const { engine, model } = startEngine({ hasEncoder: true });
  const guidance = { promptIds: START, sourceIds: sourceOf(9, 2), scale: 1.5 };
  const { tokenIds } = await generate(engine, request(sourceOf(20), { maxNewTokens: 9, guidance }));
  expect(tokenIds).toEqual(alone(sourceOf(20), { maxNewTokens: 9, guidance }));
  expect(model.encodings).toEqual([[20, 9]]);
});

test('A request that can never be served is refused', async () => {
  const { engine } = startEngine({ hasEncoder: true, maxPositions: 50, numBlocks: 4 });
  const submit = (sourceIds: readonly number[] | undefined, maxNewTokens = 5) =>
    engine.submit(requestFor(START, { sourceIds, maxNewTokens }));
  await expect(submit(undefined)).rejects.toThrow(new TypeError('Cannot take a request: it has no source'));
  await expect(submit([])).rejects.toThrow('its source has no tokens, wanted at least one');
  await expect(submit([SOURCE_VOCAB_SIZE])).rejects.toThrow('token id 29 in its source, wanted 0 to 28');
  await expect(submit(sourceOf(51))).rejects.toThrow('its source has 51 tokens, but the model takes at most 50');
  await expect(submit(sourceOf(40), 20)).rejects.toThrow(
    'it may need 5 cache blocks of 16 tokens, but the cache has 4',
  );
  const guided = requestFor(START, {
    ...{ sourceIds: [1], maxNewTokens: 1, guidance: { promptIds: START, scale: 2 } },
  });
  await expect(engine.submit(guided)).rejects.toThrow('it has no source');
  const { engine: other } = startEngine();
  await expect(other.submit(request([1], { maxNewTokens: 1 }))).rejects.toThrow(
    'it has a source, but the model has no encoder',
  );
});
