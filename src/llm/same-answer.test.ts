import { beforeAll, describe, expect, test } from 'vitest';
import { goldenPath } from '../../test/goldens.ts';
import { testBackends } from '../../test/test-backends.ts';
import type { GenerateOptions, Prompt } from './generate-options.ts';
import type { Generation } from './generation.ts';
import { LLM } from './llm.ts';
import type { LoadOptions } from './load-options.ts';

/** Requests of every kind; several share the beginnings of their prompts. */
const STORY = 'the cat sat on the mat and the dog sat on the log and the cat ran to the dog ';
const REQUESTS: readonly (readonly [Prompt, GenerateOptions])[] = [
  [STORY, { maxNewTokens: 30, temperature: 0 }],
  [`${STORY}the`, { maxNewTokens: 20, temperature: 0.9, seed: 1 }],
  [`${STORY}the`, { maxNewTokens: 25, temperature: 1.2, topK: 20, topP: 0.9, seed: 2, n: 3 }],
  ['dog', { maxNewTokens: 40, temperature: 0, repetitionPenalty: 1.2 }],
  ['the dog ran', { maxNewTokens: 24, temperature: 0, promptLookupNumTokens: 3 }],
  [`${STORY}a`, { maxNewTokens: 16, numBeams: 4, numReturnSequences: 2 }],
  ['cat and', { maxNewTokens: 16, numBeams: 2, temperature: 0.8, seed: 4 }],
  ['a log', { maxNewTokens: 12, penaltyAlpha: 0.6, topK: 4 }],
  ['the mat', { maxNewTokens: 18, temperature: 0, guidanceScale: 1.5, negativePrompt: 'dog' }],
  [STORY, { maxNewTokens: 10, temperature: 1, seed: 3, mirostat: 2, useCache: false }],
];

/** Runs one after the other, each with the model to itself. */
async function alone(llm: LLM): Promise<Generation[]> {
  const generations: Generation[] = [];
  for (const [prompt, options] of REQUESTS) generations.push(await llm.generate(prompt, withScores(options)));
  return generations;
}

/** The log probabilities show every bit of the logits that were chosen from. */
function withScores(options: GenerateOptions): GenerateOptions {
  const hasScores = options.numBeams === undefined && options.penaltyAlpha === undefined;
  return { ignoreEos: true, seed: 9, ...(hasScores ? { logProbs: 2 } : {}), ...options };
}

const choices = (generations: readonly Generation[]) => generations.map((generation) => generation.choices);

describe.each(Object.keys(testBackends))('the same answer on %s', (device) => {
  const path = goldenPath('models', 'llama-gqa');
  const options = { device: device as LoadOptions['device'], contextLength: 128 };
  let wanted: ReturnType<typeof choices>;
  beforeAll(async () => {
    const llm = await LLM.load(path, { ...options, prefixCache: false });
    wanted = choices(await alone(llm));
    await llm.dispose();
  });

  test.each([
    ['together', { cacheTokens: 4096 }],
    ['with room for few, so that some lose their cache and begin again', { cacheTokens: 256, maxNumSequences: 12 }],
    ['in tiny steps', { cacheTokens: 1024, maxNumBatchedTokens: 8, maxNumSequences: 8 }],
    ['without a prefix cache', { cacheTokens: 512, prefixCache: false }],
  ])('%s', async (_, limits) => {
    const llm = await LLM.load(path, { ...options, ...limits });
    const generations = await Promise.all(REQUESTS.map(([prompt, asked]) => llm.generate(prompt, withScores(asked))));
    expect(choices(generations)).toEqual(wanted);
    const { blocks, running, waiting } = llm.engine.statistics();
    expect([blocks.free, running, waiting]).toEqual([blocks.total, 0, 0]);
    await llm.dispose();
  });

  test('greedy tokens do not depend on whether logits are wanted too', async () => {
    const llm = await LLM.load(path, { ...options, cacheTokens: 4096 });
    const prompts = [STORY, 'the dog ran', 'a log'];
    const greedy = { maxNewTokens: 20, temperature: 0, ignoreEos: true, promptLookupNumTokens: 3 };
    const logits: Promise<Generation>[] = prompts.map((prompt) => llm.generate(prompt, { ...greedy, logProbs: 1 }));
    const tokens: Promise<Generation>[] = prompts.map((prompt) => llm.generate(prompt, greedy));
    const texts = async (all: readonly Promise<Generation>[]) => (await Promise.all(all)).map(({ text }) => text);
    expect(await texts(tokens)).toEqual(await texts(logits));
    await llm.dispose();
  });

  test('once more, from what the cache has kept', async () => {
    const llm = await LLM.load(path, { ...options, cacheTokens: 4096 });
    await alone(llm);
    const again = await alone(llm);
    expect(choices(again)).toEqual(wanted);
    expect(again[0]!.cachedTokens).toBeGreaterThan(16);
    await llm.dispose();
  });
});
