import { expect, test } from 'vitest';
import { LLM } from '../../src/index.ts';
import { CONTINUATION, NUM_TOKENS, PROMPT } from './stories260k-text.ts';

/**
 * The published 260K-parameter story model, as a Hugging Face folder, must print this text (llama2.c and llama.cpp print
 * it). The model is not part of the project: the test runs where KVASIR_STORIES260K names the folder.
 */
const folder = process.env.KVASIR_STORIES260K;

const runs = [
  { device: 'reference', useCache: true },
  { device: 'reference', useCache: false },
  { device: 'wasm', threads: 1, useCache: true },
  { device: 'wasm', threads: 2, useCache: true },
  { device: 'wasm', threads: 2, useCache: false },
  { device: 'wasm', threads: 2, numerics: 'portable', useCache: true },
] as const;

test.runIf(folder !== undefined).each(runs)('stories260K tells its story: %j', { timeout: 120_000 }, async (run) => {
  const { useCache, ...options } = run;
  const llm = await LLM.load(folder!, options);
  const promptIds = llm.encode(PROMPT);
  expect(promptIds).toEqual([1, 403, 407, 261, 378]);
  const maxNewTokens = NUM_TOKENS - promptIds.length;
  const { text } = await llm.generate(PROMPT, { maxNewTokens, doSample: false, useCache });
  expect(text).toBe(CONTINUATION);
  await llm.dispose();
});
