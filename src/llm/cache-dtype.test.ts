import { describe, expect, test } from 'vitest';
import { goldenPath } from '../../test/goldens.ts';
import { CACHE_DTYPES } from '../backend/dtype.ts';
import { CacheFileError } from '../engine/cache-file.ts';
import { expectCausal } from '../models/language-model.ts';
import { estimateMemory } from './estimate-memory.ts';
import { LLM } from './llm.ts';
import type { LoadOptions } from './load-options.ts';

const path = goldenPath('models', 'llama-gqa');
const PROMPTS = ['the cat sat on the mat and the dog sat on the log', 'the cat sat on the mat and ran', 'a dog'];
const ASKED = { maxNewTokens: 24, temperature: 0, ignoreEos: true, logProbs: 1, seed: 9 };

function open(cacheDType: LoadOptions['cacheDType'], options: LoadOptions = {}): Promise<LLM> {
  return LLM.load(path, { threads: 2, contextLength: 96, cacheTokens: 512, cacheDType, ...options });
}

const NARROW = CACHE_DTYPES.filter((dtype) => dtype !== 'float32');

describe.each(NARROW)('a cache in %s', (dtype) => {
  test('gives the same bits alone, together, in tiny steps, and from what it has kept', async () => {
    const llm = await open(dtype, { prefixCache: false });
    const wanted = [];
    for (const prompt of PROMPTS) wanted.push((await llm.generate(prompt, ASKED)).choices);
    await llm.dispose();
    for (const options of [{}, { maxNumBatchedTokens: 8, maxNumSequences: 8 }, { cacheTokens: 112 }, { threads: 1 }]) {
      const other = await open(dtype, options);
      for (let round = 0; round < 2; round++) {
        const together = await Promise.all(PROMPTS.map((prompt) => other.generate(prompt, ASKED)));
        expect(together.map(({ choices }) => choices)).toEqual(wanted);
      }
      await other.dispose();
    }
  });

  test('takes the memory that was predicted, less than float32', async () => {
    const [llm, wide] = [await open(dtype), await open('float32')];
    const { kvCacheBytes } = llm.memory();
    expect(kvCacheBytes).toBeLessThan(wide.memory().kvCacheBytes * (dtype === 'int8' ? 0.45 : 0.51));
    const estimate = estimateMemory(expectCausal(llm.model, 'estimate').config, {
      cacheDType: dtype,
      batch: 8,
      contextTokens: 64,
      threads: 2,
    });
    expect(estimate.kvCacheBytes).toBe(kvCacheBytes);
    expect(estimate.formula.bytesPerElement).toBe(dtype === 'int8' ? 1 : 2);
    await Promise.all([llm.dispose(), wide.dispose()]);
  });

  test('is saved and restored to the bit, and not into a cache of another type', async () => {
    const llm = await open(dtype);
    const first = await llm.generate(PROMPTS[0]!, ASKED);
    const bytes = await llm.saveCache();
    const [same, wide] = [await open(dtype), await open('float32')];
    expect(await same.restoreCache(bytes)).toBeGreaterThanOrEqual(16);
    const again = await same.generate(PROMPTS[0]!, ASKED);
    expect(again.cachedTokens).toBeGreaterThanOrEqual(16);
    expect(again.choices).toEqual(first.choices);
    await expect(wide.restoreCache(bytes)).rejects.toThrow(CacheFileError);
    await Promise.all([llm.dispose(), same.dispose(), wide.dispose()]);
  });

  test('hardly changes how likely texts are', async () => {
    const [llm, wide] = [await open(dtype), await open('float32')];
    const [got, wanted] = [await llm.score(PROMPTS[0]!), await wide.score(PROMPTS[0]!)];
    expect(got.logProb).not.toBe(wanted.logProb);
    expect(Math.abs(got.perplexity / wanted.perplexity - 1)).toBeLessThan(0.02);
    await Promise.all([llm.dispose(), wide.dispose()]);
  });
});

test('another type is refused', async () => {
  const unknown = 'int4' as LoadOptions['cacheDType'];
  await expect(open(unknown)).rejects.toThrow(
    new TypeError(
      'Cannot load a model: cacheDType is "int4", did you mean "int8"?; known: float32, bfloat16, float16, int8',
    ),
  );
});
