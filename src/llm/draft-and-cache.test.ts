import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goldenPath } from '../../test/goldens.ts';
import { testBackends } from '../../test/test-backends.ts';
import { CacheFileError } from '../engine/cache-file.ts';
import { LLM } from './llm.ts';
import type { LoadOptions } from './load-options.ts';

const path = goldenPath('models', 'llama-gqa');
const PROMPT = 'the cat sat on the mat and the dog sat on the log and the cat ran';
const ASKED = { maxNewTokens: 24, ignoreEos: true, seed: 3, logProbs: true };

describe.each(Object.keys(testBackends))('LLM on %s', (device) => {
  const options = { device: device as LoadOptions['device'], contextLength: 128 };
  let llm: LLM;
  beforeAll(async () => {
    llm = await LLM.load(path, options);
  });
  afterAll(() => llm.dispose());

  test.each([0, 0.8])(
    'a draft model changes no bit at temperature %s, and one like the model is always right',
    async (temperature) => {
      const drafted = await LLM.load(path, { ...options, draftModel: path });
      const wanted = await llm.generate(PROMPT, { ...ASKED, temperature });
      const got = await drafted.generate(PROMPT, { ...ASKED, temperature, numDraftTokens: 4, adaptDraftLength: false });
      await drafted.dispose();
      expect(got.choices).toEqual(wanted.choices);
      expect(got.speculation!.acceptanceRate).toBe(1);
      expect(got.speculation!.tokensPerRun!).toBeGreaterThan(4);
    },
  );

  test('a draft model of another vocabulary is refused', async () => {
    const other = goldenPath('models', 'gpt2');
    await expect(LLM.load(path, { ...options, draftModel: other })).rejects.toThrow(/Cannot draft/);
  });

  test('a saved cache is found again by another process, and a damaged or foreign one refused', async () => {
    const first = await llm.generate(PROMPT, { ...ASKED, temperature: 0 });
    const bytes = await llm.saveCache();
    const later = await LLM.load(path, options);
    expect(await later.restoreCache(bytes)).toBeGreaterThanOrEqual(16);
    const again = await later.generate(PROMPT, { ...ASKED, temperature: 0 });
    expect(again.cachedTokens).toBeGreaterThanOrEqual(16);
    expect(again.choices).toEqual(first.choices);
    const damaged = bytes.slice();
    damaged[damaged.length - 5]! ^= 1;
    await expect(later.restoreCache(damaged)).rejects.toThrow(CacheFileError);
    await later.dispose();
    const rounded = await LLM.load(path, { ...options, dtype: 'bfloat16' });
    await expect(rounded.restoreCache(bytes)).rejects.toThrow(CacheFileError);
    await rounded.dispose();
  });
});
