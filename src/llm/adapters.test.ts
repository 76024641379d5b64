import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goldenPath } from '../../test/goldens.ts';
import { saveRandomAdapter } from '../../test/save-random-adapter.ts';
import { testBackends } from '../../test/test-backends.ts';
import type { GenerateOptions, Prompt } from './generate-options.ts';
import type { Generation } from './generation.ts';
import { LLM } from './llm.ts';
import type { LoadOptions } from './load-options.ts';

const path = goldenPath('models', 'llama-gqa');
const STORY = 'the cat sat on the mat and the dog sat on the log and the cat ran to the dog ';
/** Requests of every kind; all begin alike, so that a prefix cache which mixed them up would show. */
const KINDS: readonly (readonly [Prompt, GenerateOptions])[] = [
  [STORY, { maxNewTokens: 20, temperature: 0, logProbs: 2 }],
  [`${STORY}the`, { maxNewTokens: 16, temperature: 1.1, seed: 2, n: 2, logProbs: 2 }],
  [`${STORY}a`, { maxNewTokens: 10, numBeams: 3 }],
  [`${STORY}the`, { maxNewTokens: 14, temperature: 0, promptLookupNumTokens: 3, logProbs: 2 }],
  [STORY, { maxNewTokens: 10, temperature: 0, guidanceScale: 1.5, negativePrompt: 'dog', logProbs: 2 }],
];
const NAMES = [undefined, 'small', 'large'] as const;
const REQUESTS = KINDS.flatMap(([prompt, options]) =>
  NAMES.map((adapter) => [prompt, { ignoreEos: true, seed: 9, ...options, adapter }] as const),
);

const choices = (generations: readonly Generation[]) => generations.map((generation) => generation.choices);

let folder: string;
let adapters: Readonly<Record<string, string>>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvasir-adapters-'));
  adapters = { small: goldenPath('lora', 'llama-gqa'), large: join(folder, 'large') };
  await saveRandomAdapter(path, adapters.large!, { rank: 7, seed: 3, isRankStabilized: true });
});
afterAll(() => rm(folder, { recursive: true }));

describe.each(Object.keys(testBackends))('adapters of LLM on %s', (device) => {
  const load = (more: LoadOptions = {}) =>
    LLM.load(path, { device: device as LoadOptions['device'], contextLength: 128, adapters, ...more });

  describe('the same answer as alone', () => {
    let wanted: ReturnType<typeof choices>;
    beforeAll(async () => {
      const llm = await load({ prefixCache: false });
      const generations: Generation[] = [];
      for (const [prompt, options] of REQUESTS) generations.push(await llm.generate(prompt, options));
      wanted = choices(generations);
      await llm.dispose();
    });

    test('each adapter shows', () => {
      const [alone, small, large] = wanted;
      expect(small).not.toEqual(alone);
      expect(large).not.toEqual(alone);
      expect(large).not.toEqual(small);
    });

    test.each([
      ['together', { cacheTokens: 4096 }],
      ['with room for few, so that some lose their cache', { cacheTokens: 256, maxNumSequences: 12 }],
      ['in tiny steps', { cacheTokens: 1024, maxNumBatchedTokens: 8, maxNumSequences: 8 }],
      ['with a draft model', { cacheTokens: 2048, draftModel: path }],
    ])('%s', async (_, limits) => {
      const llm = await load(limits);
      const generations = await Promise.all(REQUESTS.map(([prompt, options]) => llm.generate(prompt, options)));
      expect(choices(generations)).toEqual(wanted);
      await llm.dispose();
    });

    test('once more, from what the cache has kept of each adapter', async () => {
      const llm = await load({ cacheTokens: 4096 });
      for (const [prompt, options] of REQUESTS) await llm.generate(prompt, options);
      const again = await Promise.all(REQUESTS.map(([prompt, options]) => llm.generate(prompt, options)));
      expect(choices(again)).toEqual(wanted);
      for (const { cachedTokens } of again) expect(cachedTokens).toBeGreaterThanOrEqual(16);
      await llm.dispose();
    });

    test('from a saved cache, where the adapters have other names', async () => {
      const llm = await load({ cacheTokens: 4096 });
      const [prompt, options] = REQUESTS[1]!;
      const first = await llm.generate(prompt, options);
      expect(first.cachedTokens).toBe(0);
      const bytes = await llm.saveCache();
      await llm.dispose();
      const later = await load({ adapters: { small: adapters.large!, other: adapters.small! } });
      await later.restoreCache(bytes);
      expect((await later.generate(prompt, options)).cachedTokens).toBe(0);
      const again = await later.generate(prompt, { ...options, adapter: 'other' });
      expect(again.cachedTokens).toBeGreaterThanOrEqual(16);
      expect(again.choices).toEqual(first.choices);
      await later.dispose();
    });
  });

  test('a score goes through the adapter that it names', async () => {
    const llm = await load();
    const alone = await llm.score(STORY);
    const small = await llm.score(STORY, { adapter: 'small' });
    expect(small.logProb).not.toBe(alone.logProb);
    expect((await llm.score(STORY)).logProb).toBe(alone.logProb);
    await expect(llm.score(STORY, { adapter: 'smal' })).rejects.toThrow(
      'Cannot score a text: there is no adapter "smal", did you mean "small"?; known: small, large',
    );
    await llm.dispose();
  });

  test('a merged adapter needs no name, and writes what the adapter beside the model writes', async () => {
    const llm = await load();
    const merged = await load({ adapters: {}, mergeAdapter: adapters.small });
    const options = { maxNewTokens: 20, temperature: 0, ignoreEos: true };
    const beside = await llm.generate(STORY, { ...options, adapter: 'small' });
    expect((await merged.generate(STORY, options)).tokenIds).toEqual(beside.tokenIds);
    expect((await llm.generate(STORY, options)).tokenIds).not.toEqual(beside.tokenIds);
    for (const one of [llm, merged]) await one.dispose();
  });
});

describe('refuses', () => {
  const options = { device: 'reference', contextLength: 64 } as const;

  test('an adapter that was not loaded', async () => {
    const [plain, llm] = [await LLM.load(path, options), await LLM.load(path, { ...options, adapters })];
    expect(plain.adapters).toEqual([]);
    expect(llm.adapters).toEqual(['small', 'large']);
    await expect(plain.generate('cat', { adapter: 'small' })).rejects.toThrow(
      'Cannot generate: there is no adapter "small"; the model was loaded without adapters',
    );
    await expect(llm.generate('cat', { adapter: 'Large' })).rejects.toThrow(
      'there is no adapter "Large", did you mean "large"?; known: small, large',
    );
    for (const one of [plain, llm]) await one.dispose();
  });

  test.each<[LoadOptions, string]>([
    [{ adapters: { small: 3 } as never }, 'adapter "small" is 3, wanted a name and its folder'],
    [{ adapters: { '': 'folder' } }, 'adapter "" is "folder", wanted a name and its folder'],
    [{ adapters: ['folder'] as never }, 'adapters is ["folder"], wanted folders by name'],
    [{ mergeAdapter: '' }, 'mergeAdapter is "", wanted a folder'],
    [{ mergeAdapter: path }, 'it has no adapter_config.json'],
    [{ adapters: { small: goldenPath('lora', 'gpt2') } }, 'name no linear layer of the model'],
  ])('%o', async (more, message) => {
    await expect(LLM.load(path, { ...options, ...more })).rejects.toThrow(message);
  });
});
