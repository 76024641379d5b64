import { beforeAll, describe, expect, test } from 'vitest';
import { goldenPath } from '../../test/goldens.ts';
import { testBackends } from '../../test/test-backends.ts';
import type { GenerateOptions, Prompt } from './generate-options.ts';
import type { Generation } from './generation.ts';
import { LLM } from './llm.ts';
import type { LoadOptions } from './load-options.ts';

/** Requests of every kind; several share the beginnings of their prompts. */
const STORY = 'the cat sat on the mat and the dog sat on the log and the cat ran to the dog ';
type Requests = readonly (readonly [Prompt, GenerateOptions])[];
const PROMPTS: Requests = [
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

/** Several share a source. */
const SOURCE = [8, 8, 40, 12, 33, 21, 5, 6, 7, 50, 51, 52, 53, 54, 55, 56, 57, 9, 30, 2];
const OTHER = [5, 9, 31, 7, 2];
const odd = (tokenIds: readonly number[]) => Array.from({ length: 30 }, (_, i) => 2 * i + (tokenIds.length % 2));
const SOURCES: Requests = [
  [SOURCE, { maxNewTokens: 30, temperature: 0 }],
  [SOURCE, { maxNewTokens: 20, temperature: 0.9, seed: 1 }],
  [SOURCE, { maxNewTokens: 25, temperature: 1.2, topK: 20, topP: 0.9, seed: 2, n: 3 }],
  [OTHER, { maxNewTokens: 24, temperature: 1.1, seed: 5, bestOf: 3 }],
  [OTHER, { maxNewTokens: 40, temperature: 0, repetitionPenalty: 1.2, encoderRepetitionPenalty: 1.1 }],
  [[...SOURCE, ...SOURCE], { maxNewTokens: 24, temperature: 0, promptLookupNumTokens: 3 }],
  [SOURCE, { maxNewTokens: 20, numBeams: 4, numReturnSequences: 2, forcedBosTokenId: 5 }],
  [[7, ...SOURCE], { maxNewTokens: 16, numBeams: 2, temperature: 0.8, seed: 4 }],
  [OTHER, { maxNewTokens: 16, numBeams: 4, numBeamGroups: 2, diversityPenalty: 0.5 }],
  [[9, ...OTHER], { maxNewTokens: 12, penaltyAlpha: 0.6, topK: 4 }],
  [OTHER, { maxNewTokens: 18, temperature: 0, guidanceScale: 1.5, negativePromptIds: SOURCE }],
  [SOURCE, { maxNewTokens: 16, numBeams: 3, prefixAllowedTokens: odd, targetPrefix: [4, 4, 9] }],
  [SOURCE, { maxNewTokens: 10, temperature: 1, seed: 3, mirostat: 2, useCache: false }],
];

const MODELS = {
  'a model of prompts': { path: goldenPath('models', 'llama-gqa'), contextLength: 128, requests: PROMPTS },
  'a model of sources': { path: goldenPath('encoder-decoder', 'bart'), contextLength: 48, requests: SOURCES },
  'a model of sources with a position bias': {
    ...{ path: goldenPath('encoder-decoder', 't5'), contextLength: 48, requests: SOURCES },
  },
} as const;

/** Runs one after the other, each with the model to itself. */
async function alone(llm: LLM, requests: Requests): Promise<Generation[]> {
  const generations: Generation[] = [];
  for (const [prompt, options] of requests) generations.push(await llm.generate(prompt, withScores(options)));
  return generations;
}

/** The log probabilities show every bit of the logits that were chosen from. */
function withScores(options: GenerateOptions): GenerateOptions {
  const hasScores = options.numBeams === undefined && options.penaltyAlpha === undefined;
  // Otherwise nothing is drafted where that takes longer.
  return { ignoreEos: true, seed: 9, adaptDraftLength: false, ...(hasScores ? { logProbs: 2 } : {}), ...options };
}

const choices = (generations: readonly Generation[]) => generations.map((generation) => generation.choices);

const SUBJECTS = Object.keys(testBackends).flatMap((device) =>
  Object.entries(MODELS).map(([name, model]) => [name, device, model] as const),
);

describe.each(SUBJECTS)('%s: the same answer on %s', (_, device, { path, contextLength, requests }) => {
  const options = { device: device as LoadOptions['device'], contextLength };
  let wanted: ReturnType<typeof choices>;
  beforeAll(async () => {
    const llm = await LLM.load(path, { ...options, prefixCache: false });
    wanted = choices(await alone(llm, requests));
    await llm.dispose();
  }, 60_000);

  test.each([
    ['together', { cacheTokens: 4096 }],
    ['with room for few, so that some lose their cache and begin again', { cacheTokens: 256, maxNumSequences: 12 }],
    ['in tiny steps', { cacheTokens: 1024, maxNumBatchedTokens: 8, maxNumSequences: 8 }],
    ['without a prefix cache', { cacheTokens: 512, prefixCache: false }],
    ['with a draft model', { cacheTokens: 1024, draftModel: path }],
  ])('%s', async (_, limits) => {
    const llm = await LLM.load(path, { ...options, ...limits });
    const generations = await Promise.all(requests.map(([prompt, asked]) => llm.generate(prompt, withScores(asked))));
    expect(choices(generations)).toEqual(wanted);
    const { blocks, running, waiting } = llm.engine.statistics();
    expect([blocks.free, running, waiting]).toEqual([blocks.total, 0, 0]);
    await llm.dispose();
  });

  test('greedy tokens do not depend on whether logits are wanted too', async () => {
    const llm = await LLM.load(path, { ...options, cacheTokens: 4096 });
    const prompts = requests.slice(0, 3).map(([prompt]) => prompt);
    const greedy = { maxNewTokens: 20, temperature: 0, ignoreEos: true, promptLookupNumTokens: 3 };
    const logits: Promise<Generation>[] = prompts.map((prompt) => llm.generate(prompt, { ...greedy, logProbs: 1 }));
    const tokens: Promise<Generation>[] = prompts.map((prompt) => llm.generate(prompt, greedy));
    const idsOf = async (all: readonly Promise<Generation>[]) =>
      (await Promise.all(all)).map(({ tokenIds }) => tokenIds);
    expect(await idsOf(tokens)).toEqual(await idsOf(logits));
    await llm.dispose();
  });

  test('once more, from what the cache has kept', async () => {
    const llm = await LLM.load(path, { ...options, cacheTokens: 4096 });
    await alone(llm, requests);
    const again = await alone(llm, requests);
    expect(choices(again)).toEqual(wanted);
    expect(again[0]!.cachedTokens).toBeGreaterThan(16);
    await llm.dispose();
  });
});
