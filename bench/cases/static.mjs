import { LLM, likeliestToken } from 'kvasir';
import { paddedGroups } from '../padded-groups.mjs';
import { randomRequests } from '../random-requests.mjs';
import { greedy } from './prompt.mjs';

/** Tokens of a step with prompts; the engine's own default. */
const STEP_TOKENS = 256;

/**
 * Seconds of the same requests, at most `atOnce` at a time: by the engine, and in static batches over the same model and
 * kernels. Half of the static groups go first and half last, so that a change of the machine's pace meets both alike.
 */
export async function measure({ folder, threads, vocabulary, count, atOnce, promptRange, outputRange }) {
  const contextLength = promptRange[1] + outputRange[1];
  const cacheTokens = atOnce * 16 * Math.ceil(contextLength / 16);
  const llm = await LLM.load(folder, { threads, contextLength, cacheTokens, maxNumSequences: atOnce });
  const cache = llm.model.createCache(contextLength, atOnce);
  const warmUp = randomRequests({ seed: 1000, count: atOnce, promptRange, outputRange: [24, 24], vocabulary });
  await continuous(llm, warmUp);
  for (const group of paddedGroups(warmUp, atOnce)) await runGroup(llm.model, cache, group);

  const requests = randomRequests({ seed: 1, count, promptRange, outputRange, vocabulary });
  const groups = paddedGroups(requests, atOnce);
  const half = Math.ceil(groups.length / 2);
  let staticSeconds = await inTurn(llm.model, cache, groups.slice(0, half));
  const continuousSeconds = await continuous(llm, requests);
  staticSeconds += await inTurn(llm.model, cache, groups.slice(half));
  return { continuousSeconds, staticSeconds, ...tokensOf(requests, groups) };
}

async function continuous(llm, requests) {
  const start = performance.now();
  await Promise.all(requests.map(({ promptIds, numNew }) => llm.generate(promptIds, greedy(numNew))));
  return (performance.now() - start) / 1000;
}

async function inTurn(model, cache, groups) {
  const start = performance.now();
  for (const group of groups) await runGroup(model, cache, group);
  return (performance.now() - start) / 1000;
}

/**
 * One padded batch. Padding is computed like any token, and finished rows go on until the last one is done. Here padding is
 * also attended to, where a mask would hide it from the answers; the work is the same.
 */
async function runGroup(model, cache, { requests, promptLength, numNew }) {
  const rows = requests.map(({ promptIds }) => ({
    sequence: cache.createSequence(),
    tokenIds: [...Array(promptLength - promptIds.length).fill(0), ...promptIds],
  }));
  let logits = await readPrompts(model, cache, rows, promptLength);
  for (let step = 1; step <= numNew; step++) {
    const { vocabSize } = model.config;
    const chosen = rows.map((_, i) => likeliestToken(logits.subarray(i * vocabSize, (i + 1) * vocabSize)));
    if (step === numNew) break;
    const entries = rows.map(({ sequence }, i) => ({ sequence, tokenIds: [chosen[i]] }));
    logits = await model.step(cache, entries, { logits: 'last', target: logits });
  }
  for (const { sequence } of rows) sequence.release();
}

/** Columns of the padded prompts, as many in a step as the engine would take tokens. */
async function readPrompts(model, cache, rows, promptLength) {
  const width = Math.floor(STEP_TOKENS / rows.length);
  for (let start = 0; ; start += width) {
    const isLast = start + width >= promptLength;
    const entries = rows.map(({ sequence, tokenIds }) => ({
      sequence,
      tokenIds: tokenIds.slice(start, start + width),
    }));
    const logits = await model.step(cache, entries, { logits: isLast ? 'last' : 'none' });
    if (isLast) return logits;
  }
}

function tokensOf(requests, groups) {
  const sum = (items, of) => items.reduce((total, item) => total + of(item), 0);
  return {
    newTokens: sum(requests, ({ numNew }) => numNew),
    promptTokens: sum(requests, ({ promptIds }) => promptIds.length),
    staticNewTokens: sum(groups, (group) => group.requests.length * group.numNew),
    staticPromptTokens: sum(groups, (group) => group.requests.length * group.promptLength),
  };
}
