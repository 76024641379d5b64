import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goldenPath } from '../../test/goldens.ts';
import { saveRandomAdapter } from '../../test/save-random-adapter.ts';
import { testBackends } from '../../test/test-backends.ts';
import { LLM } from './llm.ts';
import type { LoadOptions } from './load-options.ts';
import type { TransduceOptions, Transduction } from './transduction.ts';

const path = goldenPath('encoder-decoder', 'bart');
const SOURCE = [8, 8, 40, 12, 33, 21, 5, 6, 7, 50, 51, 52, 53, 54, 55, 56, 57, 2];
/** Requests of every kind over the same source, so that a cache of sources which mixed adapters up would show. */
const KINDS: readonly TransduceOptions[] = [
  { maxNewTokens: 20, temperature: 0, logProbs: 2 },
  { maxNewTokens: 16, temperature: 1.1, seed: 2, n: 2, logProbs: 2 },
  { maxNewTokens: 10, numBeams: 3 },
  { maxNewTokens: 14, temperature: 0, promptLookupNumTokens: 3 },
  { maxNewTokens: 10, temperature: 0, guidanceScale: 1.5, negativePromptIds: [5, 9, 2] },
];
const NAMES = [undefined, 'small', 'large'] as const;
const REQUESTS = KINDS.flatMap((options) =>
  NAMES.map((adapter) => ({ ignoreEos: true, seed: 9, ...options, adapter })),
);

const choices = (all: readonly Transduction[]) => all.map((one) => one.choices);

let folder: string;
let adapters: Readonly<Record<string, string>>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvasir-adapters-'));
  adapters = { small: goldenPath('lora-seq2seq', 'bart'), large: join(folder, 'large') };
  await saveRandomAdapter(path, adapters.large!, { rank: 7, seed: 3, isRankStabilized: true });
});
afterAll(() => rm(folder, { recursive: true }));

describe.each(Object.keys(testBackends))('adapters of a model with an encoder on %s', (device) => {
  const load = (more: LoadOptions = {}) =>
    LLM.load(path, { device: device as LoadOptions['device'], adapters, ...more });
  let wanted: ReturnType<typeof choices>;
  beforeAll(async () => {
    await using llm = await load({ prefixCache: false });
    const alone: Transduction[] = [];
    for (const options of REQUESTS) alone.push(await llm.transduce(SOURCE, options));
    wanted = choices(alone);
  });

  test('each adapter shows', () => {
    const [alone, small, large] = wanted;
    expect(small).not.toEqual(alone);
    expect(large).not.toEqual(alone);
    expect(large).not.toEqual(small);
  });

  test.each([
    ['together', { cacheTokens: 4096 }],
    ['with room for few, so that some lose their cache', { cacheTokens: 256, contextLength: 40, maxNumSequences: 12 }],
    ['in tiny steps', { cacheTokens: 1024, maxNumBatchedTokens: 8, maxNumSequences: 8 }],
    ['with a draft model', { cacheTokens: 2048, draftModel: path }],
  ])('the same answer as alone: %s', async (_, limits) => {
    await using llm = await load(limits);
    const all = await Promise.all(REQUESTS.map((options) => llm.transduce(SOURCE, options)));
    expect(choices(all)).toEqual(wanted);
    const again = await Promise.all(REQUESTS.map((options) => llm.transduce(SOURCE, options)));
    expect(choices(again)).toEqual(wanted);
  });

  test('a source is encoded once for each adapter', async () => {
    await using llm = await load();
    for (const adapter of [...NAMES, ...NAMES]) await llm.transduce(SOURCE, { maxNewTokens: 2, adapter });
    expect(llm.engine.statistics().totals.encodedTokens).toBe(NAMES.length * SOURCE.length);
  });

  test('scores and attentions are those of the adapter', async () => {
    await using llm = await load();
    await using merged = await load({ adapters: {}, mergeAdapter: adapters.small });
    const { tokens } = await llm.score([9, 17, 30, 2], { source: SOURCE, adapter: 'small' });
    const other = await merged.score([9, 17, 30, 2], { source: SOURCE });
    for (const [i, { logProb }] of tokens.entries()) expect(logProb).toBeCloseTo(other.tokens[i]!.logProb!, 4);
    const options = { maxNewTokens: 5, temperature: 0, ignoreEos: true, attentions: true };
    const { attentions } = await llm.transduce(SOURCE, { ...options, adapter: 'small' });
    const mergedMaps = (await merged.transduce(SOURCE, options)).attentions!.weights.flat();
    for (const [head, map] of attentions!.weights.flat().entries())
      for (const [i, weight] of map.entries()) expect(weight).toBeCloseTo(mergedMaps[head]![i]!, 4);
  });

  test('an unknown adapter is refused', async () => {
    await using llm = await load();
    await expect(llm.transduce(SOURCE, { adapter: 'smal' })).rejects.toThrow('did you mean "small"');
  });
});
