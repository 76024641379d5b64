import { describe, expect, test } from 'vitest';
import { decodeAlone, ForkingSearch } from '../../test/fake-searches.ts';
import { hashLogits } from '../../test/hash-model.ts';
import { generate, promptOf, requestFor, startEngine } from '../../test/start-engine.ts';
import { likeliestToken } from '../sampling/sampler.ts';
import type { Drafting, EngineRequest } from './request.ts';

/** What a greedy loop without an engine gives. */
function greedyAfter(promptIds: readonly number[], numTokens: number): number[] {
  const tokenIds = [...promptIds];
  for (let i = 0; i < numTokens; i++) tokenIds.push(likeliestToken(hashLogits(tokenIds))!);
  return tokenIds.slice(promptIds.length);
}

const alone = ({ promptIds, ...settings }: { promptIds: readonly number[]; maxNewTokens: number; width?: number }) =>
  decodeAlone(requestFor(promptIds, settings)).map(({ tokenIds }) => tokenIds);

describe('what a step computes', () => {
  test('a request gets what a loop without an engine gets', async () => {
    const { engine, cache } = startEngine();
    const { tokenIds } = await generate(engine, requestFor(promptOf(20), { maxNewTokens: 12 }));
    expect(tokenIds).toEqual([greedyAfter(promptOf(20), 12)]);
    expect(cache.pool.numFree).toBe(cache.pool.numBlocks);
  });

  test('requests that are made in one go are computed together, in the order of their arrival', async () => {
    const { engine, model } = startEngine();
    await Promise.all([3, 4, 5].map((n) => engine.submit(requestFor(promptOf(n, n), { maxNewTokens: 3 }))));
    expect(model.steps).toEqual([
      [3, 4, 5],
      [1, 1, 1],
      [1, 1, 1],
    ]);
  });

  test('a request that comes in the middle joins the next step', async () => {
    const { engine, model } = startEngine();
    let second: Promise<unknown> | undefined;
    const onToken = () => {
      second ??= engine.submit(requestFor(promptOf(7), { maxNewTokens: 2 }));
    };
    await engine.submit(requestFor(promptOf(4), { maxNewTokens: 3, onToken }));
    await second;
    expect(model.steps).toEqual([[4], [1, 7], [1, 1]]);
  });

  test('a long prompt is read in pieces, beside those who generate', async () => {
    const { engine, model } = startEngine({ maxNumBatchedTokens: 8 });
    const requests = [requestFor(promptOf(2), { maxNewTokens: 4 }), requestFor(promptOf(30, 2), { maxNewTokens: 1 })];
    const [, long] = await Promise.all(requests.map((request) => generate(engine, request)));
    expect(model.steps).toEqual([[2, 6], [1, 7], [1, 7], [1, 7], [3]]);
    expect(long!.tokenIds).toEqual([greedyAfter(promptOf(30, 2), 1)]);
  });

  test('without the cache everything is computed in every step', async () => {
    const { engine, model } = startEngine();
    const request = requestFor(promptOf(5), { maxNewTokens: 3, useCache: false });
    expect((await generate(engine, request)).tokenIds).toEqual([greedyAfter(promptOf(5), 3)]);
    expect(model.steps).toEqual([[5], [6], [7]]);
  });

  test('sequences of a request share its prompt, and its last block is copied', async () => {
    const { engine, model, cache } = startEngine();
    const used: number[] = [];
    model.duringStep = () => void used.push(cache.pool.numBlocks - cache.pool.numFree);
    const request = requestFor(promptOf(40), { maxNewTokens: 6, width: 3 });
    expect((await generate(engine, request)).tokenIds).toEqual(
      alone({ promptIds: promptOf(40), maxNewTokens: 6, width: 3 }),
    );
    // 32 tokens that all three share, and a block for the rest of each.
    expect(used.slice(0, 3)).toEqual([3, 5, 5]);
  });
});

describe('who goes first', () => {
  test('no more sequences are alive than may be', async () => {
    const { engine, model } = startEngine({ maxNumSequences: 3 });
    const request = (width: number) => requestFor(promptOf(4), { maxNewTokens: 6, width });
    await Promise.all([2, 2, 1].map((width) => engine.submit(request(width))));
    // The third would fit beside the first, but may not pass the second.
    expect(Math.max(...model.steps.map((step) => step.length))).toBe(3);
    expect(model.steps[0]).toEqual([4]);
  });

  test('those that wait go by priority, then by arrival', async () => {
    const { engine, requestsThat } = startEngine({ maxNumSequences: 1 });
    const priorities = [0, 1, 5, undefined, 5, -1];
    await Promise.all(priorities.map((priority) => engine.submit(requestFor([1], { maxNewTokens: 1, priority }))));
    expect(requestsThat('admitted')).toEqual([2, 4, 1, 0, 3, 5]);
    expect(requestsThat('finished')).toEqual([2, 4, 1, 0, 3, 5]);
  });

  test('one that was passed 32 times is more urgent than any priority', async () => {
    const { engine, requestsThat } = startEngine({ maxNumSequences: 1 });
    const all: Promise<unknown>[] = [];
    // Whoever gets a token is followed by another with a high priority, before the engine looks who is next.
    const submitUrgent = () => {
      if (all.length < 60)
        all.push(engine.submit(requestFor([2], { maxNewTokens: 1, priority: 9, onToken: submitUrgent })));
    };
    submitUrgent();
    all.push(engine.submit(requestFor([1], { maxNewTokens: 1 })));
    while (all.length < 60 || requestsThat('finished').length < 60) await Promise.all(all);
    expect(requestsThat('admitted').indexOf(1)).toBe(33);
  });

  test('the first that finds no room is not passed by smaller ones', async () => {
    const { engine, requestsThat } = startEngine({ numBlocks: 4 });
    const lengths = [20, 40, 1];
    await Promise.all(lengths.map((length, i) => engine.submit(requestFor(promptOf(length, i), { maxNewTokens: 4 }))));
    expect(requestsThat('finished')).toEqual([0, 1, 2]);
    expect(requestsThat('preempted')).toEqual([]);
  });
});

describe('where blocks run out', () => {
  test('the youngest loses its own, waits, and goes on as if nothing had been', async () => {
    const { engine, requestsThat, cache } = startEngine({ numBlocks: 4 });
    const requests = [1, 2, 3].map((seed) => requestFor(promptOf(14, seed), { maxNewTokens: 30 }));
    const generations = await Promise.all(requests.map((request) => generate(engine, request)));
    expect(generations.map(({ tokenIds }) => tokenIds)).toEqual(
      [1, 2, 3].map((seed) => alone({ promptIds: promptOf(14, seed), maxNewTokens: 30 })),
    );
    const [first, ...rest] = generations.map(({ report }) => report.numPreemptions);
    expect(first).toBe(0);
    expect(requestsThat('preempted')[0]).toBe(2);
    expect(rest.reduce((sum, count) => sum + count, 0)).toBe(requestsThat('preempted').length);
    expect(engine.statistics().totals.preemptions).toBe(requestsThat('preempted').length);
    expect(cache.pool.numFree).toBe(4);
  });

  test('a low priority loses before a late arrival does', async () => {
    const { engine, requestsThat } = startEngine({ numBlocks: 4 });
    const request = (seed: number) => requestFor(promptOf(14, seed), { maxNewTokens: 30, priority: seed });
    await Promise.all([1, 2, 3].map((seed) => engine.submit(request(seed))));
    expect(requestsThat('preempted')[0]).toBe(0);
  });

  test('sequences that fork lose their cache together, and share again what they have in common', async () => {
    const { engine, model, requestsThat } = startEngine({ numBlocks: 9 });
    const promptIds = promptOf(33, 5);
    const forking = (options = { maxNewTokens: 30, width: 3 }): EngineRequest & { search: ForkingSearch } => ({
      ...{ promptIds, maxLength: promptIds.length + options.maxNewTokens, search: new ForkingSearch(options) },
    });
    const [first, second] = [requestFor(promptOf(16), { maxNewTokens: 50 }), forking()];
    await Promise.all([engine.submit(first), engine.submit(second)]);
    expect(second.search.results()).toEqual(decodeAlone(forking()));
    expect(requestsThat('preempted')).toContain(1);
    // The first is read again, then the others from the last block on that they do not have in common with it.
    const again = model.steps.findLastIndex((step) => step.length === 1 && step[0]! > 1);
    expect(model.steps.slice(again, again + 2)).toEqual([[59], [11, 11]]);
  });
});

describe('what is cached already', () => {
  test('is not computed again, and the report says how much it was', async () => {
    const { engine, model } = startEngine({ prefixCache: true });
    const request = () => requestFor(promptOf(40), { maxNewTokens: 2 });
    expect((await engine.submit(request())).cachedTokens).toBe(0);
    expect((await engine.submit(request())).cachedTokens).toBe(32);
    expect((await engine.submit({ ...request(), useCache: false })).cachedTokens).toBe(0);
    expect(model.steps).toEqual([[40], [1], [8], [1], [40], [41]]);
    expect(engine.statistics().totals.cachedTokens).toBe(32);
  });

  test('and the rest is read once for all sequences of a request that lost its cache', async () => {
    const { engine, model, requestsThat } = startEngine({ numBlocks: 11, prefixCache: true });
    const [first, second] = [
      requestFor(promptOf(16), { maxNewTokens: 112 }),
      requestFor(promptOf(64, 5), { maxNewTokens: 40, width: 2 }),
    ];
    const [, { tokenIds }] = await Promise.all([generate(engine, first), generate(engine, second)]);
    expect(tokenIds).toEqual(alone({ promptIds: promptOf(64, 5), maxNewTokens: 40, width: 2 }));
    expect(requestsThat('preempted')).toEqual([1]);
    // Of 97 tokens each, 48 are still cached and 64 are the prompt.
    const again = model.steps.findLastIndex((step) => step.length === 1 && step[0]! > 1);
    expect(model.steps.slice(again - 1, again + 1)).toEqual([[49], [33]]);
  });

  test('is computed again where it is switched off', async () => {
    const { engine, model } = startEngine({ prefixCache: false });
    for (let i = 0; i < 2; i++) await engine.submit(requestFor(promptOf(40), { maxNewTokens: 1 }));
    expect(model.steps).toEqual([[40], [40]]);
  });

  test('is computed again for a search that must see its hidden states', async () => {
    const { engine, model } = startEngine({ prefixCache: true });
    const request = () => requestFor(promptOf(40), { maxNewTokens: 1, needsHidden: true });
    for (let i = 0; i < 2; i++) expect((await engine.submit(request())).cachedTokens).toBe(0);
    expect(model.steps).toEqual([[40], [40]]);
  });
});

describe('drafts', () => {
  /** Guesses what comes. */
  function drafting(promptIds: readonly number[], maxTokens: number): Drafting {
    const truth = greedyAfter(promptIds, 40);
    return {
      proposer: { propose: ({ generatedIds }, count) => truth.slice(generatedIds.length, generatedIds.length + count) },
      ...{ maxTokens, adaptLength: false, acceptance: 'exact' },
      chooserFor: () => {
        throw new Error('nobody asks');
      },
    };
  }

  test('that are right save steps', async () => {
    const { engine, model } = startEngine();
    const request = requestFor(promptOf(4), { maxNewTokens: 11, drafting: drafting(promptOf(4), 4) });
    expect((await generate(engine, request)).tokenIds).toEqual([greedyAfter(promptOf(4), 11)]);
    expect(model.steps).toEqual([[4], [5], [5]]);
  });

  test('take no tokens from those who generate', async () => {
    const { engine, model } = startEngine({ maxNumBatchedTokens: 4 });
    const greedy = drafting(promptOf(2), 20);
    const requests = [
      requestFor(promptOf(2), { maxNewTokens: 12, drafting: greedy }),
      requestFor(promptOf(2, 2), { maxNewTokens: 3 }),
    ];
    await Promise.all(requests.map((request) => engine.submit(request)));
    expect(model.steps.slice(0, 3)).toEqual([
      [2, 2],
      [3, 1],
      [3, 1],
    ]);
  });

  test('are not made where guidance computes another prompt beside', async () => {
    const { engine, model } = startEngine();
    const guidance = { promptIds: [3], scale: 2 };
    const request = requestFor(promptOf(4), { maxNewTokens: 3, drafting: drafting(promptOf(4), 4), guidance });
    await engine.submit(request);
    expect(model.steps).toEqual([
      [4, 1],
      [1, 1],
      [1, 1],
    ]);
  });
});

describe('statistics', () => {
  test('say what happens and has happened', async () => {
    const { engine, model, events } = startEngine({ numBlocks: 8, maxNumSequences: 2 });
    const during: unknown[] = [];
    model.duringStep = () => {
      const { running, waiting, sequences, blocks } = engine.statistics();
      during.push({ running, waiting, sequences, blocks });
    };
    await Promise.all([20, 3, 5].map((length) => engine.submit(requestFor(promptOf(length), { maxNewTokens: 2 }))));
    expect(during[0]).toEqual({
      ...{ running: 2, waiting: 1, sequences: 2 },
      blocks: { total: 8, free: 5, unusedSlots: 3 * 16 - 23 },
    });
    const { totals, ...now } = engine.statistics();
    expect(now).toEqual({ running: 0, waiting: 0, sequences: 0, blocks: { total: 8, free: 8, unusedSlots: 0 } });
    expect(totals).toMatchObject({ steps: 4, finished: 3, aborted: 0, failed: 0, preemptions: 0 });
    expect(totals).toMatchObject({ computedTokens: 28 + 3, generatedTokens: 6, firstTokens: 3, laterTokens: 3 });
    expect(totals.stepMs).toBeGreaterThanOrEqual(totals.modelMs);
    expect(events.filter(({ kind }) => kind === 'step')).toHaveLength(4);
    expect(events.slice(0, 6)).toMatchObject([
      ...[0, 1, 2].map((request) => ({ kind: 'submitted', request })),
      ...[0, 1].map((request) => ({ kind: 'admitted', request })),
      { kind: 'step', numTokens: 23, numSequences: 2, generatedTokens: 2, running: 2, waiting: 1, freeBlocks: 5 },
    ]);
  });

  test('nobody hears more than they want', async () => {
    const { engine } = startEngine();
    const heard: string[] = [];
    const stop = engine.subscribe(({ kind }) => {
      heard.push(kind);
      if (kind === 'admitted') stop();
    });
    await engine.submit(requestFor([1], { maxNewTokens: 2 }));
    expect(heard).toEqual(['submitted', 'admitted']);
  });
});
