import { describe, expect, test, vi } from 'vitest';
import { decodeAlone } from '../../test/fake-searches.ts';
import { generate, promptOf, requestFor, startEngine } from '../../test/start-engine.ts';
import type { DraftProposer } from '../decoding/draft.ts';
import { QueueFullError } from './engine.ts';
import type { Drafting, EngineRequest } from './request.ts';

const alone = (promptIds: readonly number[], maxNewTokens: number) =>
  decodeAlone(requestFor(promptIds, { maxNewTokens })).map(({ tokenIds }) => tokenIds);

/** What becomes of each. */
async function outcomes(promises: readonly Promise<unknown>[]): Promise<readonly string[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((one) => (one.status === 'fulfilled' ? 'finished' : String(one.reason)));
}

/** Without a proposer, the draft model guesses. */
const drafting = (proposer?: DraftProposer): Drafting => ({
  ...{ proposer, maxTokens: 4, adaptLength: false, acceptance: 'exact' },
  chooserFor: () => ({
    ...{ chain: { processors: [], filters: [], isShortlisted: false }, temperature: 0, seed: 0 },
  }),
});

describe('a request that is aborted', () => {
  test('before it is made is not taken', async () => {
    const { engine, events } = startEngine();
    const request = requestFor([1], { maxNewTokens: 2, signal: AbortSignal.abort('no more') });
    await expect(engine.submit(request)).rejects.toBe('no more');
    expect(events).toEqual([]);
  });

  test('while it waits is never computed', async () => {
    const { engine, model, requestsThat } = startEngine({ maxNumSequences: 1 });
    const abort = new AbortController();
    model.duringStep = () => abort.abort('no more');
    const first = generate(engine, requestFor(promptOf(5), { maxNewTokens: 3 }));
    const second = engine.submit(requestFor(promptOf(9), { maxNewTokens: 3, signal: abort.signal }));
    expect(await outcomes([first, second])).toEqual(['finished', 'no more']);
    expect((await first).tokenIds).toEqual(alone(promptOf(5), 3));
    expect(model.steps).toEqual([[5], [1], [1]]);
    expect(requestsThat('aborted')).toEqual([1]);
    expect(requestsThat('admitted')).toEqual([0]);
  });

  test('in the middle of a step frees its blocks at once, and the step goes on for the others', async () => {
    const { engine, model, cache } = startEngine();
    const abort = new AbortController();
    const free: number[] = [];
    model.duringStep = () => {
      if (model.steps.length !== 2) return;
      free.push(cache.pool.numFree);
      abort.abort('no more');
      free.push(cache.pool.numFree);
    };
    const first = engine.submit(requestFor(promptOf(40), { maxNewTokens: 9, width: 3, signal: abort.signal }));
    const second = generate(engine, requestFor(promptOf(9, 2), { maxNewTokens: 9 }));
    expect(await outcomes([first, second])).toEqual(['no more', 'finished']);
    expect((await second).tokenIds).toEqual(alone(promptOf(9, 2), 9));
    expect(free[1]! - free[0]!).toBe(5);
    expect(cache.pool.numFree).toBe(cache.pool.numBlocks);
  });

  test('by what hears of its token ends there, once', async () => {
    const { engine, cache, events } = startEngine();
    const abort = new AbortController();
    const request = requestFor(promptOf(20), {
      maxNewTokens: 1,
      signal: abort.signal,
      onToken: () => {
        abort.abort('no more');
        expect(cache.pool.numFree).toBe(cache.pool.numBlocks);
        throw new Error('and an error');
      },
    });
    await expect(engine.submit(request)).rejects.toBe('no more');
    expect(cache.pool.numFree).toBe(cache.pool.numBlocks);
    expect(events.map(({ kind }) => kind)).not.toContain('finished');
    expect(engine.statistics().totals).toMatchObject({ finished: 0, aborted: 1, failed: 0 });
  });

  test('by what hears that it begins, or while tokens are guessed for it, is not computed', async () => {
    const { engine, model, cache } = startEngine();
    const aborts = [new AbortController(), new AbortController()];
    engine.subscribe(({ kind }) => {
      if (kind === 'admitted') aborts[0]!.abort('no more');
    });
    const propose = async () => {
      aborts[1]!.abort('no more either');
      throw new Error('too late to guess');
    };
    const first = engine.submit(requestFor(promptOf(20), { maxNewTokens: 4, signal: aborts[0]!.signal }));
    const settings = { maxNewTokens: 4, signal: aborts[1]!.signal, drafting: drafting({ propose }) };
    const second = engine.submit(requestFor(promptOf(30), settings));
    expect(await outcomes([first, second])).toEqual(['no more', 'no more either']);
    expect(model.steps).toEqual([[30]]);
    expect(cache.pool.numFree).toBe(cache.pool.numBlocks);
    expect(engine.statistics().totals).toMatchObject({ aborted: 2, failed: 0 });
  });
});

test('A request that is aborted while tokens are guessed for another leaves nothing with the draft model', async () => {
  const { engine, draftCache } = startEngine();
  const abort = new AbortController();
  const propose = async () => {
    abort.abort('no more');
    return [];
  };
  const first = engine.submit(requestFor(promptOf(20), { maxNewTokens: 4, drafting: drafting({ propose }) }));
  const settings = { maxNewTokens: 9, signal: abort.signal, drafting: drafting() };
  const second = engine.submit(requestFor(promptOf(30), settings));
  expect(await outcomes([first, second])).toEqual(['finished', 'no more']);
  expect(draftCache.pool.numFree).toBe(draftCache.pool.numBlocks);
});

describe('a request is refused', () => {
  const engineOf = () => startEngine({ numBlocks: 6, maxPositions: 100, maxNumSequences: 3 }).engine;
  const refusal = (request: EngineRequest) => expect(engineOf().submit(request)).rejects;

  test('where the cache can never hold it', async () => {
    await refusal(requestFor(promptOf(60), { maxNewTokens: 37 })).toThrow(
      new RangeError('Cannot take a request: it may need 7 cache blocks of 16 tokens, but the cache has 6'),
    );
    await generate(engineOf(), requestFor(promptOf(60), { maxNewTokens: 36 }));
    // Three samples share 32 of 33 tokens; they share none if each computes its own.
    const samples = requestFor(promptOf(33), { maxNewTokens: 8, width: 3 });
    await generate(engineOf(), samples);
    await refusal({ ...samples, useCache: false }).toThrow('it may need 10 cache blocks');
  });

  test('where the model takes no text so long, or steps not so many sequences', async () => {
    await refusal(requestFor(promptOf(60), { maxNewTokens: 41 })).toThrow(
      new RangeError('Cannot take a request: it may come to 101 tokens, but the model takes 100'),
    );
    const guidance = { promptIds: promptOf(98), scale: 2 };
    await refusal(requestFor([1], { maxNewTokens: 3, guidance })).toThrow('it may come to 101 tokens');
    await refusal(requestFor([1], { maxNewTokens: 3, width: 2, guidance: { promptIds: [2], scale: 2 } })).toThrow(
      new RangeError('Cannot take a request: it has 4 sequences, but maxNumSequences is 3'),
    );
  });

  test('where its search needs none of the likeliest tokens, or fewer logits than guidance moves', async () => {
    await refusal(requestFor([1], { maxNewTokens: 3, numLikeliest: 0 })).toThrow(
      new RangeError('Cannot take a request: its search needs the 0 likeliest tokens, wanted at least 1'),
    );
    const guidance = { promptIds: [2], scale: 2 };
    await refusal(requestFor([1], { maxNewTokens: 3, numLikeliest: 1, guidance })).toThrow(
      new TypeError('Cannot take a request: guidance moves logits, but its search needs no rows of them'),
    );
  });

  test('where its prompt is none', async () => {
    await refusal(requestFor([], { maxNewTokens: 3 })).toThrow('its prompt has no tokens, wanted at least one');
    await refusal(requestFor([1, 17], { maxNewTokens: 3 })).toThrow('token id 17, wanted 0 to 16');
  });

  test('where too many wait, until fewer do', async () => {
    const { engine } = startEngine({ maxNumSequences: 1, maxQueueLength: 2 });
    const submit = () => engine.submit(requestFor([1], { maxNewTokens: 2 }));
    const promises = [submit(), submit(), submit()];
    await expect(promises[2]).rejects.toThrow(
      new QueueFullError('Cannot take a request: 2 wait already, as many as may'),
    );
    await promises[0];
    await submit();
    expect(await outcomes(promises)).toEqual(['finished', 'finished', expect.stringContaining('QueueFullError')]);
  });
});

describe('an error', () => {
  test('of a search ends its request alone', async () => {
    const { engine, cache } = startEngine();
    const onToken = () => {
      throw new RangeError('not this one');
    };
    const bad = engine.submit(requestFor(promptOf(20), { maxNewTokens: 5, onToken }));
    const good = generate(engine, requestFor(promptOf(8), { maxNewTokens: 5 }));
    expect(await outcomes([bad, good])).toEqual(['RangeError: not this one', 'finished']);
    expect((await good).tokenIds).toEqual(alone(promptOf(8), 5));
    expect(cache.pool.numFree).toBe(cache.pool.numBlocks);
    expect(engine.statistics().totals).toMatchObject({ finished: 1, failed: 1 });
  });

  test('of the model ends the requests of its step, and the others go on', async () => {
    const { engine, model, cache } = startEngine({ maxNumSequences: 2 });
    model.duringStep = () => {
      if (model.steps.length === 2) throw new Error('out of order');
    };
    const promises = [1, 2, 3].map((n) => generate(engine, requestFor(promptOf(9, n), { maxNewTokens: 4 })));
    expect(await outcomes(promises)).toEqual(['Error: out of order', 'Error: out of order', 'finished']);
    expect((await promises[2]!).tokenIds).toEqual(alone(promptOf(9, 3), 4));
    expect(cache.pool.numFree).toBe(cache.pool.numBlocks);
  });

  test('of the model does no harm to what was aborted before it', async () => {
    const { engine, model, cache } = startEngine();
    const abort = new AbortController();
    model.duringStep = () => {
      abort.abort('no more');
      throw new Error('out of order');
    };
    const promise = engine.submit(requestFor(promptOf(40), { maxNewTokens: 4, signal: abort.signal }));
    await expect(promise).rejects.toBe('no more');
    await generateAfter(engine, model);
    expect(cache.pool.numFree).toBe(cache.pool.numBlocks);
  });

  test('of who guesses ends the request that it guesses for', async () => {
    const { engine } = startEngine();
    const proposers: readonly DraftProposer[] = [
      { propose: () => Promise.reject(new Error('no idea')) },
      { propose: () => [99] },
      { propose: () => [] },
    ];
    const promises = proposers.map((proposer) =>
      engine.submit(requestFor([1], { maxNewTokens: 4, drafting: drafting(proposer) })),
    );
    expect(await outcomes(promises)).toEqual([
      'Error: no idea',
      'RangeError: Cannot take a draft: token id 99 in it, wanted 0 to 16',
      'finished',
    ]);
  });

  test('says so where others hold the blocks that nobody will free', async () => {
    const { engine, cache } = startEngine({ numBlocks: 4 });
    const other = cache.createSequence();
    other.append(33);
    const request = () => requestFor(promptOf(14), { maxNewTokens: 10 });
    await expect(engine.submit(request())).rejects.toThrow(
      new RangeError('Cannot go on with a request: it needs more cache blocks, but 0 of 4 are free and none will be'),
    );
    other.release();
    expect((await generate(engine, request())).tokenIds).toEqual(alone(promptOf(14), 10));
  });

  /** The engine is as good as new. */
  async function generateAfter(engine: ReturnType<typeof startEngine>['engine'], model: { duringStep: () => void }) {
    model.duringStep = () => {};
    expect((await generate(engine, requestFor([3], { maxNewTokens: 4 }))).tokenIds).toEqual(alone([3], 4));
  }
});

describe('the end', () => {
  test('of its time comes for one that waits without a token, for one that runs with the next', async () => {
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    const { engine, model, requestsThat } = startEngine({ maxNumSequences: 1 });
    model.duringStep = () => {
      now += 10;
    };
    const requests = [1, 2].map(() => requestFor([1], { maxNewTokens: 9, maxTime: 0.035 }));
    const [running, waiting] = await Promise.all(requests.map((request) => generate(engine, request)));
    clock.mockRestore();
    expect(requestsThat('admitted')).toEqual([0]);
    expect(waiting!.tokenIds).toEqual([[]]);
    expect(running!.tokenIds).toEqual(alone([1], 5));
    expect(waiting!.report).toMatchObject({ queueMs: 40, prefillMs: 0, decodeMs: 0 });
    expect(running!.report).toMatchObject({ queueMs: 0, prefillMs: 10, decodeMs: 40 });
  });

  test('of the engine is the end of all its requests', async () => {
    const { engine, model, cache } = startEngine({ maxNumSequences: 1 });
    model.duringStep = () => {
      if (model.steps.length === 3) engine.dispose();
    };
    const promises = [1, 2].map(() => engine.submit(requestFor(promptOf(20), { maxNewTokens: 9 })));
    const error = 'Error: Cannot go on: the engine is disposed';
    expect(await outcomes(promises)).toEqual([error, error]);
    expect(cache.pool.numFree).toBe(cache.pool.numBlocks);
    await expect(engine.submit(requestFor([1], { maxNewTokens: 1 }))).rejects.toThrow(
      'Cannot take a request: the engine is disposed',
    );
    expect(model.steps).toHaveLength(3);
  });
});

test('A prefix cache that is saved while tokens are guessed takes no blocks from the step that follows', async () => {
  const { engine, cache } = startEngine({ numBlocks: 3, prefixCache: true });
  await engine.submit(requestFor(promptOf(32, 2), { maxNewTokens: 1 }));
  let saved: Promise<Uint8Array> | undefined;
  const propose = async () => {
    saved ??= engine.savePrefixes('hash');
    return [];
  };
  const request = requestFor(promptOf(16), { maxNewTokens: 30, drafting: drafting({ propose }) });
  expect((await generate(engine, request)).tokenIds).toEqual(alone(promptOf(16), 30));
  expect((await saved!).length).toBeGreaterThan(0);
  expect(cache.pool.numFree).toBe(3);
});
