import { expect, test } from 'vitest';
import { LLM } from '../../src/index.ts';

/**
 * The published 260K-parameter story model, as a Hugging Face folder, must print this text (llama2.c and llama.cpp print
 * it). The model is not part of the project: the test runs where KVASIR_STORIES260K names the folder.
 */
const folder = process.env.KVASIR_STORIES260K;

const PROMPT = 'Once upon a time';
const CONTINUATION =
  ', there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball. ' +
  'She wanted to play with it, but it was too high.\n' +
  "Lily's mom said, \"Lily, let's go to the park.\" Lily was sad and didn't know what to do. " +
  'She said, "I want to play with your ball, but I can\'t find it."\n' +
  "Lily was sad and didn't know what to do. She said, \"I'm sorry, Lily. I didn't know what to do.\"\n" +
  "Lily didn't want to help her mom, so she";
/** The text is 200 tokens long, the one that begins it not counted. */
const NUM_TOKENS = 201;

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
